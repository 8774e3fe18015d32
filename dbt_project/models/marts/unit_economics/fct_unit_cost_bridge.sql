{%- set effects = ['price', 'commitment', 'idle', 'efficiency', 'mix', 'allocation_rule'] %}
{%- set left_out_columns = [
    'cost_left_out_before', 'cost_left_out_after', 'inferences_left_out_before', 'inferences_left_out_after',
] %}

with unit_cost_effects as (

    select * from {{ ref('int_unit_cost_effects') }}

),

left_out as (

    select * from {{ ref('int_unit_costs_left_out') }}

),

-- requests without any cost have no currency: each one's bridge leaves them out
left_out_of_months as (

    select
        unit_cost_effects.to_period,
        unit_cost_effects.billing_currency,
        unit_cost_effects.model_name,
        {%- for name, period in {'before': 'from_period', 'after': 'to_period'}.items() %}
        {%- for measure, named in {'fully_loaded_cost': 'cost', 'inferences': 'inferences'}.items() %}
        cast(
            sum(case when left_out.period = unit_cost_effects.{{ period }} then left_out.{{ measure }} end)
            as {{ money_type() }}
        ) as {{ named }}_left_out_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}{{ ',' if not loop.last }}
        {%- endfor %}
    from unit_cost_effects
    inner join left_out
        on
            left_out.period in (unit_cost_effects.from_period, unit_cost_effects.to_period)
            and unit_cost_effects.model_name is not distinct from left_out.model_name
            and coalesce(left_out.billing_currency, unit_cost_effects.billing_currency)
            = unit_cost_effects.billing_currency
    group by
        unit_cost_effects.to_period,
        unit_cost_effects.billing_currency,
        unit_cost_effects.model_name

),

with_unit_costs as (

    select
        unit_cost_effects.*,
        {%- for name in left_out_columns %}
        coalesce(left_out_of_months.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        left_out_of_months.to_period is not null as is_left_out,
        {{ unit_cost('unit_cost_effects.cost_before', 'unit_cost_effects.inferences_before', 1000) }}
            as unit_cost_before,
        {{ unit_cost('unit_cost_effects.cost_after', 'unit_cost_effects.inferences_after', 1000) }}
            as unit_cost_after,
        greatest(
            {%- for effect in effects %}
            abs(unit_cost_effects.{{ effect }}_effect){{ ',' if not loop.last }}
            {%- endfor %}
        ) as largest_effect
    from unit_cost_effects
    left join left_out_of_months
        on
            unit_cost_effects.to_period = left_out_of_months.to_period
            and unit_cost_effects.billing_currency = left_out_of_months.billing_currency
            and unit_cost_effects.model_name is not distinct from left_out_of_months.model_name

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
        when is_left_out
            then 'part of a month is left out: cost without requests or telemetry, or requests without cost'
        when not has_same_components
            then 'some ways of serving are new, gone, or cost nothing or less in a month: they count as mix'
        when not has_work
            then 'no GPU-seconds in both months: efficiency is the GPU-hours held for a request'
    end as reason,
    inferences_before,
    inferences_after,
    {%- for name in left_out_columns %}
    {{ name }},
    {%- endfor %}
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
    has_same_components and has_work and not is_left_out and to_period < {{ open_billing_period() }} as is_complete
from bridged
