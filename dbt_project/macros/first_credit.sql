{#- The first credit of a Google row that is of one of the types, as a record; null when there is none. -#}
{% macro first_credit(credits, types) -%}
{{ return(adapter.dispatch('first_credit')(credits, types)) }}
{%- endmacro %}

{% macro default__first_credit(credits, types) -%}
list_filter({{ credits }}, lambda credit: credit.credit_type in {{ text_list(types) }})[1]
{%- endmacro %}
