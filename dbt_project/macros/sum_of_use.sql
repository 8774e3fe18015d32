{#- The effective cost of the rows of one use (`cost_use`), or of those of them that a condition holds for. -#}
{% macro sum_of_use(use, condition=none) -%}
    cast(
        sum(case when cost_use = {{ use }}{{ ' and ' ~ condition if condition }} then allocated_effective_cost else 0 end)
        as {{ money_type() }}
    )
{%- endmacro %}
