{{ config(materialized='kept_months', kept_by='BillingPeriodStart') }}
-- The bill in FOCUS once more, with shared charges replaced by their allocated parts: one row per final amount of the
-- ledger, with the dimensions that the charges of its pool have in common.
{%- set names = {
    'workload': 'Workload', 'team': 'Team', 'project': 'Project', 'environment': 'Environment',
    'model_name': 'ModelName', 'model_version': 'ModelVersion', 'workload_type': 'WorkloadType', 'dataset': 'Dataset',
    'customer': 'Customer', 'run_id': 'RunId', 'business_unit': 'BusinessUnit', 'cost_center': 'CostCenter',
    'owner': 'Owner',
} %}
{%- set consumers = {} %}
{%- for column in consumer_columns() %}
    {%- do consumers.update({column: 'amounts.' ~ column}) %}
{%- endfor %}
{%- set tags = {} %}
{%- for column in tag_owner_columns() %}
    {%- do tags.update({column: 'pools.' ~ column}) %}
{%- endfor %}

with amounts as (

    select * from {{ ref('int_allocations_unioned') }}
    where {{ is_of_months_made('billing_period') }}

),

pools as (

    select * from {{ ref('int_pools') }}

),

dimensions as (

    select * from {{ ref('int_pool_dimensions') }}

),

origins as (

    select * from {{ ref('int_split_origins') }}

),

-- a ratio too small for the ledger's digits is 0 and has no row in origins
split_pools as (

    select distinct amounts.origin_pool_id
    from amounts
    inner join origins
        on amounts.allocation_id = origins.allocation_id

)

select
    case
        when split_pools.origin_pool_id is not null
            then
                '{"Elements":[{"AllocatedRatio":' || {{ plain_number('coalesce(origins.ratio, 0)') }}
                || coalesce(',"UsageUnit":' || {{ json_quoted('amounts.driver_unit') }}, '')
                || case
                    when amounts.driver_unit is not null
                        then coalesce(
                            ',"UsageQuantity":' || {{ plain_number('amounts.driver_quantity') }}
                            || ',"x_UsageTotal":' || {{ plain_number('amounts.driver_total') }},
                            ''
                        )
                    else ''
                end
                || '}],"x_Step":' || {{ json_quoted('amounts.step') }}
                || coalesce(',"x_Rule":' || {{ json_quoted('amounts.rule') }}, '')
                || ',"x_RuleVersion":' || {{ json_quoted('amounts.rule_version') }} || '}'
    end as AllocatedMethodDetails,
    case when split_pools.origin_pool_id is not null then amounts.method end as AllocatedMethodId,
    case
        when split_pools.origin_pool_id is null then null
        when amounts.consumer_key is null then 'unallocated'
        when amounts.consumer_key = '' then 'unnamed'
        else ltrim(amounts.consumer_key, '~')
    end as AllocatedResourceId,
    case
        when split_pools.origin_pool_id is null then null
        when amounts.is_unallocated then amounts.unallocated_reason
        else coalesce(
            amounts.workload, amounts.dataset, amounts.run_id, amounts.model_name, amounts.customer, amounts.project,
            amounts.team, amounts.business_unit, amounts.cost_center, amounts.owner, amounts.idle_type
        )
    end as AllocatedResourceName,
    case when split_pools.origin_pool_id is not null then {{ json_without_nulls(consumers) }} end as AllocatedTags,
    amounts.allocated_billed_cost as BilledCost,
    coalesce(amounts.billing_account_id, amounts.source_name) as BillingAccountId,
    dimensions.billing_account_name as BillingAccountName,
    amounts.billing_currency as BillingCurrency,
    {{ period_end('amounts.billing_period') }} as BillingPeriodEnd,
    {{ period_start('amounts.billing_period') }} as BillingPeriodStart,
    amounts.charge_category as ChargeCategory,
    dimensions.charge_class as ChargeClass,
    dimensions.charge_description as ChargeDescription,
    dimensions.charge_frequency as ChargeFrequency,
    dimensions.charge_period_end as ChargePeriodEnd,
    dimensions.charge_period_start as ChargePeriodStart,
    case
        when split_pools.origin_pool_id is null then dimensions.consumed_quantity
        when dimensions.consumed_unit is not null then coalesce(origins.consumed_quantity, 0)
    end as ConsumedQuantity,
    dimensions.consumed_unit as ConsumedUnit,
    amounts.allocated_contracted_cost as ContractedCost,
    amounts.allocated_effective_cost as EffectiveCost,
    dimensions.host_provider_name as HostProviderName,
    coalesce(
        dimensions.invoice_id,
        coalesce(amounts.billing_account_id, amounts.source_name) || '-' || replace(amounts.billing_period, '-', '')
    ) as InvoiceId,
    dimensions.invoice_issuer_name as InvoiceIssuerName,
    amounts.allocated_list_cost as ListCost,
    amounts.pricing_category as PricingCategory,
    case
        when split_pools.origin_pool_id is null then dimensions.pricing_quantity
        when dimensions.pricing_unit is not null then coalesce(origins.pricing_quantity, 0)
    end as PricingQuantity,
    dimensions.pricing_unit as PricingUnit,
    amounts.region_id as RegionId,
    dimensions.region_name as RegionName,
    dimensions.resource_id as ResourceId,
    dimensions.resource_name as ResourceName,
    dimensions.resource_type as ResourceType,
    amounts.service_category as ServiceCategory,
    amounts.service_name as ServiceName,
    coalesce(dimensions.service_provider_name, {{ provider_name('amounts.provider') }}) as ServiceProviderName,
    dimensions.service_subcategory as ServiceSubcategory,
    dimensions.sku_id as SkuId,
    amounts.sub_account_id as SubAccountId,
    dimensions.sub_account_name as SubAccountName,
    {{ json_without_nulls(tags) }} as Tags,
    case when split_pools.origin_pool_id is not null then amounts.origin_pool_id end as x_SplitOriginId,
    amounts.allocation_id as x_AllocationId,
    amounts.origin_pool_id as x_PoolId,
    dimensions.charges as x_ChargeCount,
    amounts.source_name as x_SourceName,
    amounts.cost_layer as x_CostLayer,
    {%- for column, name in names.items() %}
    amounts.{{ column }} as x_{{ name }},
    {%- endfor %}
    amounts.is_idle as x_IsIdle,
    amounts.idle_type as x_IdleType,
    amounts.is_unallocated as x_IsUnallocated,
    amounts.unallocated_reason as x_UnallocatedReason
from amounts
inner join pools
    on amounts.origin_pool_id = pools.pool_id
inner join dimensions
    on amounts.origin_pool_id = dimensions.pool_id
left join origins
    on amounts.allocation_id = origins.allocation_id
left join split_pools
    on amounts.origin_pool_id = split_pools.origin_pool_id
