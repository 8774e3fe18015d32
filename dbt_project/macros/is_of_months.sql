{#- The condition that a charge is of one of these months. By the period alone first: files say which they hold. -#}
{% macro is_of_months(months) -%}
    {%- if months is none -%}
        true
    {%- elif not months -%}
        false
    {%- else -%}
        billing_period in {{ text_list(months | map('last') | unique | list) }}
        and (source_name, billing_period) in (
            {%- for source_name, billing_period in months -%}
                ({{ text_literal(source_name) }}, {{ text_literal(billing_period) }}){{ ', ' if not loop.last }}
            {%- endfor -%}
        )
    {%- endif -%}
{%- endmacro %}
