{#- The quantity that a weight stands for, in the driver's unit: quanta are millionths, units or millions (see
    int_rule_usage_by_scope). Weights without a feed are millionths. -#}
{% macro quantity_of_quanta(weight, quantum_millionths) -%}
    case coalesce({{ quantum_millionths }}, 1)
        when 1 then cast({{ from_millionths(weight) }} as {{ money_type() }})
        when 1000000 then cast({{ weight }} as {{ money_type() }})
        else cast(cast({{ weight }} as decimal(30, 0)) * cast(1000000 as decimal(7, 0)) as {{ money_type() }})
    end
{%- endmacro %}
