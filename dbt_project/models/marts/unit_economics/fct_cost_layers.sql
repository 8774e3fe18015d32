{{ config(materialized='kept_months', kept_by='billing_period', side_file='tag_limits') }}
{%- set owners = [
    'team', 'project', 'environment', 'model_name', 'workload_type', 'business_unit',
] %}
{%- set kinds = ['charge_date', 'billing_period', 'billing_currency', 'cost_layer'] %}
{%- set uses = ['charge_category', 'pricing_model', 'cost_use'] %}

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

policy as (

    select * from {{ landed(source('raw', 'tag_policy')) }}

),

priced as (

    select
        *,
        case
            when pricing_category = 'Dynamic' then 'spot'
            when pricing_category = 'Committed' then 'committed'
            when pricing_category = 'Standard' then 'on_demand'
            else 'other'
        end as pricing_model
    from allocations

),

by_owner as (

    select
        {{ (kinds + owners + uses) | join(',\n        ') }},
        cast(sum(allocated_effective_cost) as {{ money_type() }}) as effective_cost,
        cast(sum(allocated_billed_cost) as {{ money_type() }}) as billed_cost
    from priced
    group by
        {{ (kinds + owners + uses) | join(',\n        ') }}

),

ranked_values as (

    {% for owner in owners %}
    select
        '{{ owner }}' as owner_column,
        billing_period,
        {{ owner }} as owner_value,
        -- each currency's dearest first: amounts of two currencies cannot be compared
        row_number() over (
            partition by billing_period, billing_currency
            order by sum(effective_cost) desc, {{ owner }} asc
        ) as place_in_currency
    from by_owner
    where {{ owner }} is not null
    group by
        billing_period,
        billing_currency,
        {{ owner }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

owner_values as (

    select
        owner_column,
        billing_period,
        owner_value,
        min(place_in_currency) as place
    from ranked_values
    group by
        owner_column,
        billing_period,
        owner_value

),

-- what a key has beyond its limit is free text: the ledger keeps it, a report by owner would drown in it
values_over_limit as (

    select owner_values.*
    from owner_values
    inner join policy
        on owner_values.owner_column = policy.tag_key
    qualify row_number() over (
        partition by owner_values.owner_column, owner_values.billing_period
        order by owner_values.place, owner_values.owner_value
    ) > policy.max_values

),

reported as (

    select
        {% for column in kinds + uses %}
        by_owner.{{ column }},
        {% endfor %}
        {% for owner in owners %}
        case when {{ owner }}_over.owner_value is null then by_owner.{{ owner }} else '(other)' end as {{ owner }},
        {% endfor %}
        by_owner.effective_cost,
        by_owner.billed_cost
    from by_owner
    {% for owner in owners %}
    left join values_over_limit as {{ owner }}_over
        on
            {{ owner }}_over.owner_column = '{{ owner }}'
            and by_owner.billing_period = {{ owner }}_over.billing_period
            and by_owner.{{ owner }} = {{ owner }}_over.owner_value
    {% endfor %}

),

layers as (

    select
        {{ (kinds + owners + uses) | join(',\n        ') }},
        cast(sum(effective_cost) as {{ money_type() }}) as effective_cost,
        cast(sum(billed_cost) as {{ money_type() }}) as billed_cost
    from reported
    group by
        {{ (kinds + owners + uses) | join(',\n        ') }}

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
