{{ config(materialized='kept_months', kept_by='charge_date', side_file='tag_policy') }}
with policy as (

    select
        tag_key,
        owner,
        is_required,
        max_values,
        floor_percent
    from {{ landed(source('raw', 'tag_policy')) }}

),

policy_keys as (

    select * from policy
    union all
    select
        'every required key' as tag_key,
        cast(null as string) as owner,
        true as is_required,
        cast(null as integer) as max_values,
        cast(null as integer) as floor_percent
    from policy
    where is_required
    group by is_required

),

tagged_costs as (

    select * from {{ ref('int_tagged_costs') }}
    where {{ is_of_months_made('charge_date') }}

),

-- what cannot be tagged stands beside each key, so that every key's rows tell the whole bill
by_key as (

    select
        tagged_costs.charge_date,
        policy_keys.tag_key,
        tagged_costs.provider_name,
        tagged_costs.team,
        tagged_costs.billing_currency,
        cast(coalesce(sum(
            case when tagged_costs.tag_value is not null then tagged_costs.effective_cost end
        ), 0) as {{ money_type() }}) as covered_cost,
        cast(coalesce(sum(
            case when tagged_costs.is_allowed then tagged_costs.effective_cost end
        ), 0) as {{ money_type() }}) as policy_cost,
        cast(coalesce(sum(
            case when tagged_costs.is_taggable then tagged_costs.effective_cost end
        ), 0) as {{ money_type() }}) as taggable_cost,
        cast(coalesce(sum(
            case when not tagged_costs.is_taggable then tagged_costs.effective_cost end
        ), 0) as {{ money_type() }}) as untaggable_cost,
        cast(count(distinct tagged_costs.tag_value) as integer) as distinct_values
    from tagged_costs
    inner join policy_keys
        on coalesce(tagged_costs.tag_key, policy_keys.tag_key) = policy_keys.tag_key
    group by
        tagged_costs.charge_date,
        policy_keys.tag_key,
        tagged_costs.provider_name,
        tagged_costs.team,
        tagged_costs.billing_currency

),

-- a limit is one of the whole company and month: on one day in one team even free text is a single value
values_of_months as (

    select
        tag_key,
        {{ month_of('charge_date') }} as month,
        cast(count(distinct tag_value) as integer) as distinct_values_in_month
    from tagged_costs
    where tag_key is not null
    group by
        tag_key,
        {{ month_of('charge_date') }}

)

select
    by_key.charge_date,
    by_key.tag_key,
    by_key.provider_name,
    by_key.team,
    policy_keys.owner,
    by_key.billing_currency,
    policy_keys.is_required,
    by_key.covered_cost,
    by_key.policy_cost,
    by_key.taggable_cost,
    by_key.untaggable_cost,
    cast({{ unit_cost('by_key.covered_cost', 'by_key.taggable_cost', 100) }} as decimal(18, 4)) as coverage_percent,
    cast({{ unit_cost('by_key.policy_cost', 'by_key.taggable_cost', 100) }} as decimal(18, 4)) as policy_percent,
    policy_keys.floor_percent,
    by_key.distinct_values,
    coalesce(values_of_months.distinct_values_in_month, 0) as distinct_values_in_month,
    policy_keys.max_values,
    {{ reporting_columns(
        'by_key', ['covered_cost', 'policy_cost', 'taggable_cost', 'untaggable_cost'], 'charge_date'
    ) }},
    coalesce(values_of_months.distinct_values_in_month > policy_keys.max_values, false) as is_over_cardinality_limit
from by_key
inner join policy_keys
    on by_key.tag_key = policy_keys.tag_key
left join values_of_months
    on
        by_key.tag_key = values_of_months.tag_key
        and {{ month_of('by_key.charge_date') }} = values_of_months.month
cross join {{ reporting_settings() }} as settings
