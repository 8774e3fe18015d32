{#- A cost's part by a ratio of two decimals, cut off at millionths: an estimate that is never more than it is a part of.
    Parts of a pool, which have to add up to it, are split_exactly's. -#}
{% macro part_of_cost(cost, numerator, denominator) -%}
    cast({{ from_millionths(whole_portion(millionths(cost), millionths(numerator), millionths(denominator))) }}
        as {{ money_type() }})
{%- endmacro %}
