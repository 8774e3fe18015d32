{#- Cost for `per` units, for people to read: through DOUBLE, 12 decimals, null when there is nothing to divide by.
    Never sum or average it: divide sums. -#}
{% macro unit_cost(cost, quantity, per=1) -%}
    case
        when {{ quantity }} > 0
            then cast(cast({{ cost }} as double) * {{ per }} / cast({{ quantity }} as double) as decimal(38, 12))
    end
{%- endmacro %}
