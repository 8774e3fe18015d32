{%- set effects = ['price', 'commitment', 'idle', 'efficiency', 'mix', 'allocation_rule'] %}

with unit_cost_effects as (

    select * from {{ ref('int_unit_cost_effects') }}

),

with_unit_costs as (

    select
        *,
        {{ unit_cost('cost_before', 'inferences_before', 1000) }} as unit_cost_before,
        {{ unit_cost('cost_after', 'inferences_after', 1000) }} as unit_cost_after,
        greatest(
            {%- for effect in effects %}
            abs({{ effect }}_effect){{ ',' if not loop.last }}
            {%- endfor %}
        ) as largest_effect
    from unit_cost_effects

),

-- rounding leaves some units of 1e-12: the largest effect, the first of equals, takes them, so that the sum is exact
with_remainder as (

    select
        *,
        cast(unit_cost_after - unit_cost_before as decimal(38, 12)) as unit_cost_change,
        cast(
            unit_cost_after - unit_cost_before
            {%- for effect in effects %}
            - {{ effect }}_effect
            {%- endfor %}
            as decimal(38, 12)
        ) as remainder,
        case
            {%- for effect in effects %}
            when abs({{ effect }}_effect) = largest_effect then '{{ effect }}'
            {%- endfor %}
        end as taker
    from with_unit_costs

),

bridged as (

    select
        *,
        {%- for effect in effects %}
        cast({{ effect }}_effect + case when taker = '{{ effect }}' then remainder else 0 end as decimal(38, 12))
            as {{ effect }}_exact{{ ',' if not loop.last }}
        {%- endfor %}
    from with_remainder

)

select
    from_period,
    to_period,
    billing_currency,
    model_name,
    'cost per 1k inferences, fully loaded' as metric,
    rule_version_before,
    rule_version_after,
    case
        when to_period >= {{ open_billing_period() }} then 'to_period is not over: its days so far stand for it'
        when not has_same_components
            then 'some ways of serving are new, gone, or cost nothing or less in a month: they count as mix'
        when not has_work
            then 'no GPU-seconds in both months: efficiency is the GPU-hours held for a request'
    end as reason,
    inferences_before,
    inferences_after,
    unit_cost_before,
    unit_cost_after,
    unit_cost_change,
    {%- for effect in effects %}
    {{ effect }}_exact as {{ effect }}_effect,
    {%- endfor %}
    cast(
        unit_cost_change
        {%- for effect in effects %}
        - {{ effect }}_exact
        {%- endfor %}
        as decimal(38, 12)
    ) as residual,
    false as is_additive,
    has_same_components and has_work and to_period < {{ open_billing_period() }} as is_complete
from bridged
