-- Finds the one rule that takes each charge, the first in file order whose kind of pool it belongs to, and what the
-- charge has in common with others of its pool. What no rule takes stays visible under its reason. Splitting the
-- pools is the matter of the int_*_split_by_* models.
--
-- A view: int_pools groups by its columns and int_charges_assigned_to_pools joins by them. Both together cost less
-- than half of storing a digest of 36 columns beside every charge (2.0 against 4.8 CPU seconds for 508,511 charges).
{{ config(materialized='view') }}
{%- set owner_columns = tag_owner_columns() %}

with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}

),

machines as (

    select * from {{ ref('int_gpu_machines_placed') }}

),

storage_scopes as (

    select * from {{ ref('int_storage_scopes') }}

),

-- one row: the place of each kind of pool in the rule file
rule_orders as (

    select
        max(rule_version) as rule_version,
        min(case when pool_kind = 'gpu_cluster' then rule_order end) as gpu_cluster_order,
        min(case when pool_kind = 'bucket' then rule_order end) as bucket_order,
        min(case when pool_kind = 'owner' then rule_order end) as owner_order
    from {{ ref('stg_allocation_rules') }}

),

charges_with_scopes as (

    select
        charges.charge_id,
        charges.source_name,
        charges.provider,
        charges.billing_account_id,
        charges.sub_account_id,
        charges.billing_currency,
        charges.billing_period,
        charges.charge_date,
        charges.charge_category,
        charges.charge_class,
        charges.pricing_category,
        charges.service_category,
        charges.service_name,
        charges.region_id,
        charges.cost_layer,
        charges.commitment_discount_id,
        charges.commitment_discount_status,
        charges.charge_origin,
        charges.model_id,
        charges.token_direction,
        charges.bucket,
        charges.storage_class,
        charges.storage_measure,
        charges.is_cluster_machine,
        charges.billed_cost,
        charges.effective_cost,
        charges.list_cost,
        charges.contracted_cost,
        {%- for column in owner_columns %}
        charges.{{ column }},
        {%- endfor %}
        coalesce(charges.cluster, machines.cluster) as cluster,
        machines.pool_level as machine_level,
        machines.gpu_model,
        machines.capacity_type,
        machines.driver_scope as machine_scope,
        storage_scopes.driver_scope as storage_scope,
        storage_scopes.weights_from as storage_weights_from,
        {{ charge_window('charges') }} as driver_window
    from charges
    left join machines
        on
            charges.is_cluster_machine
            and charges.source_name = machines.source_name
            and {{ machine_id('charges') }} = machines.machine_id
            and {{ charge_window('charges') }} = machines.driver_window
    left join storage_scopes
        on
            charges.storage_measure = storage_scopes.storage_measure
            and lower(charges.bucket) = storage_scopes.bucket
            and charges.storage_class is not distinct from storage_scopes.storage_class
            and {{ charge_window('charges') }} = storage_scopes.driver_window

),

charges_with_rule as (

    select
        charges_with_scopes.*,
        rule_orders.rule_version,
        coalesce(charges_with_scopes.commitment_discount_status, '') = 'Unused' as is_unused_commitment,
        least(
            case
                when charges_with_scopes.is_cluster_machine and charges_with_scopes.cluster is not null
                    then rule_orders.gpu_cluster_order
            end,
            case
                when charges_with_scopes.bucket is not null and charges_with_scopes.storage_measure is not null
                    then rule_orders.bucket_order
            end,
            case when coalesce(
                {{ owner_columns | reject('in', ['environment', 'workload_type']) | join(', ') }}
            ) is not null then rule_orders.owner_order end
        ) as first_matching_order,
        rule_orders.gpu_cluster_order,
        rule_orders.bucket_order,
        rule_orders.owner_order
    from charges_with_scopes
    cross join rule_orders

),

charges_with_pool_kind as (

    select
        *,
        case
            -- what was committed and not used belongs to whoever holds it, whatever else it looks like
            when is_unused_commitment then 'commitment'
            when first_matching_order = gpu_cluster_order then 'gpu_cluster'
            when first_matching_order = bucket_order then 'bucket'
            when first_matching_order = owner_order then 'owner'
            else 'rest'
        end as pool_kind
    from charges_with_rule

),

charges_with_pool_facts as (

    select
        charge_id,
        rule_version,
        source_name,
        provider,
        billing_account_id,
        sub_account_id,
        billing_currency,
        billing_period,
        charge_date,
        charge_category,
        pricing_category,
        service_category,
        service_name,
        region_id,
        cost_layer,
        pool_kind,
        case when pool_kind in ('gpu_cluster', 'bucket') then driver_window end as driver_window,
        case pool_kind
            when 'gpu_cluster' then machine_level
            when 'bucket'
                then case storage_weights_from when 'bytes of the class' then 'storage_class' else 'bucket' end
            when 'commitment' then 'commitment'
            when 'owner' then 'owner'
        end as pool_level,
        case pool_kind
            when 'gpu_cluster' then machine_scope
            when 'bucket' then storage_scope
        end as driver_scope,
        case
            when pool_kind = 'gpu_cluster' and machine_scope is null
                then 'no gpu_hours of cluster ' || cluster || ' in ' || driver_window
            when pool_kind = 'bucket' and storage_scope is null and storage_measure = 'requests'
                then 'no storage_access and no storage_bytes of bucket ' || bucket || ' in ' || driver_window
            when pool_kind = 'bucket' and storage_scope is null
                then 'no storage_bytes of bucket ' || bucket || ' in ' || driver_window
            when pool_kind = 'rest' then {{ reason_without_owner() }}
        end as unallocated_reason,
        case when pool_kind = 'gpu_cluster' then cluster end as cluster,
        case when pool_kind = 'gpu_cluster' then gpu_model end as gpu_model,
        case when pool_kind = 'gpu_cluster' then capacity_type end as capacity_type,
        case when pool_kind = 'bucket' then bucket end as bucket,
        case when pool_kind = 'bucket' then storage_class end as storage_class,
        case when pool_kind = 'bucket' then storage_measure end as storage_measure,
        case when pool_kind = 'commitment' then commitment_discount_id end as commitment_discount_id,
        case when pool_kind in ('owner', 'rest') then model_id end as model_id,
        case when pool_kind in ('owner', 'rest') then token_direction end as token_direction,
        {%- for column in owner_columns if column != 'model_name' %}
        case when pool_kind in ('owner', 'commitment') then {{ column }} end as {{ column }},
        {%- endfor %}
        -- a managed model's meter names the model, even where nobody tagged the calls; that alone is no owner
        case when pool_kind in ('owner', 'commitment', 'rest') then coalesce(model_name, model_id) end as model_name,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from charges_with_pool_kind

)

select * from charges_with_pool_facts
