{#- How much of an interval's measure lies before an instant `elapsed` microseconds after its start; see cut_by_day. -#}
{% macro running_amount(measure, elapsed) -%}
    cast(
        {{ whole_portion(billionths(measure), elapsed, 'whole_length', 'decimal(28, 0)') }}
        * cast(0.000000001 as decimal(9, 9)) as decimal(38, 18)
    )
{%- endmacro %}
