{{ config(materialized='kept_months', kept_by='charge_date', side_file='tag_policy') }}
-- Cost of each day by tag key of the policy and value, and beside it, once, what cannot be tagged. Taggable is usage
-- with a positive effective cost of something that has an id or carries a tag; taxes, credits, support, fees, refunds,
-- unused commitments and traffic without a resource are not.
with policy as (

    select * from {{ landed(source('raw', 'tag_policy')) }}

),

charges as (

    select
        *,
        coalesce(
            charge_category = 'Usage'
            and effective_cost > 0
            and (resource_id is not null or cardinality(tags) > 0)
            and charge_class is distinct from 'Correction'
            and commitment_discount_status is distinct from 'Unused',
            false
        ) as is_taggable
    from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('charge_date') }}

),

costs as (

    select
        charge_date,
        {{ provider_name('provider') }} as provider_name,
        billing_currency,
        team,
        coalesce(sub_account_name, sub_account_id, billing_account_name, billing_account_id) as account,
        service_name,
        is_taggable,
        case when is_taggable then tags end as tags,
        cast(sum(effective_cost) as {{ money_type() }}) as effective_cost
    from charges
    group by
        charge_date,
        {{ provider_name('provider') }},
        billing_currency,
        team,
        coalesce(sub_account_name, sub_account_id, billing_account_name, billing_account_id),
        service_name,
        is_taggable,
        case when is_taggable then tags end

),

tag_maps as (

    select distinct tags
    from costs
    where is_taggable

),

values_of_keys as (

    select
        tag_maps.tags,
        policy.tag_key,
        policy.is_required,
        policy.allowed_values,
        {{ first_tag_value('tag_maps.tags', 'policy.accepted_keys') }} as tag_value
    from tag_maps
    cross join policy

),

judged_values as (

    select
        tags,
        tag_key,
        is_required,
        tag_value,
        tag_value is not null
        and (allowed_values is null or {{ list_has('allowed_values', 'tag_value') }}) as is_allowed
    from values_of_keys

),

-- one more key: everything that the policy requires, together
judged_keys as (

    select
        tags,
        tag_key,
        tag_value,
        is_allowed
    from judged_values
    union all
    select
        tags,
        'every required key' as tag_key,
        case when bool_and(tag_value is not null) then 'complete' end as tag_value,
        bool_and(is_allowed) as is_allowed
    from judged_values
    where is_required
    group by tags

),

taggable as (

    select
        costs.charge_date,
        costs.provider_name,
        costs.billing_currency,
        costs.team,
        costs.account,
        costs.service_name,
        judged_keys.tag_key,
        judged_keys.tag_value,
        judged_keys.is_allowed,
        true as is_taggable,
        cast(sum(costs.effective_cost) as {{ money_type() }}) as effective_cost
    from costs
    inner join judged_keys
        -- a charge without any tag has no map at all
        on costs.tags is not distinct from judged_keys.tags
    where costs.is_taggable
    group by
        costs.charge_date,
        costs.provider_name,
        costs.billing_currency,
        costs.team,
        costs.account,
        costs.service_name,
        judged_keys.tag_key,
        judged_keys.tag_value,
        judged_keys.is_allowed

),

untaggable as (

    select
        charge_date,
        provider_name,
        billing_currency,
        team,
        account,
        service_name,
        cast(null as string) as tag_key,
        cast(null as string) as tag_value,
        false as is_allowed,
        is_taggable,
        effective_cost
    from costs
    where not is_taggable

),

tagged_costs as (

    select * from taggable
    union all
    select * from untaggable

)

select * from tagged_costs
