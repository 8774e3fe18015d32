{#- The exact sum of a row's credits, of the given types or (are_listed=false) of all other types. -#}
{% macro sum_of_credits(credits, types, are_listed=true) -%}
{{ return(adapter.dispatch('sum_of_credits')(credits, types, are_listed)) }}
{%- endmacro %}

{% macro default__sum_of_credits(credits, types, are_listed) -%}
coalesce(
    list_sum(
        list_transform(
            list_filter(
                {{ credits }},
                lambda credit: credit.credit_type {{ '' if are_listed else 'not ' }}in {{ text_list(types) }}
            ),
            lambda credit: credit.amount
        )
    ),
    0
)
{%- endmacro %}
