{#- The condition that a charge is of one of these months. By a range of periods first: files say which they hold, and a
    range goes through a join by period, so that nothing is read of other months on its other side. -#}
{% macro is_of_months(months) -%}
    {%- if months is none -%}
        true
    {%- elif not months -%}
        false
    {%- else -%}
        billing_period >= {{ text_literal(months | map('last') | min) }}
        and billing_period <= {{ text_literal(months | map('last') | max) }}
        and (source_name, billing_period) in (
            {%- for source_name, billing_period in months -%}
                ({{ text_literal(source_name) }}, {{ text_literal(billing_period) }}){{ ', ' if not loop.last }}
            {%- endfor -%}
        )
    {%- endif -%}
{%- endmacro %}
