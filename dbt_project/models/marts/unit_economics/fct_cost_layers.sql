{%- set owners = [
    'team', 'project', 'environment', 'model_name', 'workload_type', 'business_unit',
] %}

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}

),

layers as (

    select
        charge_date,
        billing_period,
        billing_currency,
        cost_layer,
        {%- for owner in owners %}
        {{ owner }},
        {%- endfor %}
        charge_category,
        case
            when pricing_category = 'Dynamic' then 'spot'
            when pricing_category = 'Committed' then 'committed'
            when pricing_category = 'Standard' then 'on_demand'
            else 'other'
        end as pricing_model,
        cost_use,
        cast(sum(allocated_effective_cost) as {{ money_type() }}) as effective_cost,
        cast(sum(allocated_billed_cost) as {{ money_type() }}) as billed_cost
    from allocations
    group by
        charge_date,
        billing_period,
        billing_currency,
        cost_layer,
        {{ owners | join(',\n        ') }},
        charge_category,
        case
            when pricing_category = 'Dynamic' then 'spot'
            when pricing_category = 'Committed' then 'committed'
            when pricing_category = 'Standard' then 'on_demand'
            else 'other'
        end,
        cost_use

)

select
    layers.charge_date,
    layers.billing_period,
    layers.billing_currency,
    layers.cost_layer,
    {%- for owner in owners %}
    layers.{{ owner }},
    {%- endfor %}
    layers.charge_category,
    layers.pricing_model,
    layers.cost_use,
    layers.effective_cost,
    layers.billed_cost,
    {{ reporting_columns('layers', ['effective_cost', 'billed_cost'], 'charge_date') }}
from layers
cross join {{ reporting_settings() }} as settings
