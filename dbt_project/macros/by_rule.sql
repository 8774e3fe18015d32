{#- One value for each rule, chosen by `rule_order`: `case rule_order when 1 then ... end`. `values` maps orders to SQL;
    without any the type must still be told. -#}
{% macro by_rule(values, otherwise='cast(null as string)') -%}
    {%- if values -%}
        case rule_order
            {%- for rule_order, value in values.items() %}
            when {{ rule_order }} then {{ value }}
            {%- endfor %}
            else {{ otherwise }}
        end
    {%- else -%}
        {{ otherwise }}
    {%- endif -%}
{%- endmacro %}
