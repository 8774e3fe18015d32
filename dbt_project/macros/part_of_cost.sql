{#- A cost in the ratio of two decimals, in whole millionths: an estimate, which whoever needs a bound has to cap.
    Parts of a pool, which have to add up to it, are split_exactly's. -#}
{% macro part_of_cost(cost, numerator, denominator) -%}
    cast({{ from_millionths(whole_portion(millionths(cost), millionths(numerator), millionths(denominator))) }}
        as {{ money_type() }})
{%- endmacro %}
