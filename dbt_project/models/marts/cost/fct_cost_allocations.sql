with allocations as (

    select * from {{ ref('int_allocations_unioned') }}

),

-- Azure periods whose two deliveries show different usage are provisional, whatever the month
unequal_periods as (

    select distinct
        source_name,
        billing_period
    from {{ ref('int_azure__exports_paired') }}
    where is_unequal_pair

)

select
    allocations.allocation_id,
    allocations.source_name,
    {{ provider_name('allocations.provider') }} as provider_name,
    allocations.billing_account_id,
    allocations.sub_account_id,
    allocations.billing_currency,
    allocations.billing_period,
    allocations.charge_category,
    allocations.pricing_category,
    allocations.service_category,
    allocations.service_name,
    allocations.region_id,
    allocations.cost_layer,
    allocations.pool_id,
    allocations.pool_level,
    allocations.step,
    allocations.method,
    allocations.rule,
    allocations.rule_version,
    {%- for column in consumer_columns() %}
    allocations.{{ column }},
    {%- endfor %}
    allocations.cluster,
    allocations.gpu_model,
    allocations.capacity_type,
    allocations.bucket,
    allocations.storage_class,
    allocations.commitment_discount_id,
    allocations.model_id,
    allocations.token_direction,
    allocations.driver,
    allocations.driver_unit,
    allocations.driver_window,
    allocations.driver_quantity,
    allocations.driver_total,
    allocations.share,
    allocations.effective_cost_residual as residual,
    allocations.billed_cost_residual,
    allocations.list_cost_residual,
    allocations.contracted_cost_residual,
    allocations.allocated_billed_cost,
    allocations.allocated_effective_cost,
    allocations.allocated_list_cost,
    allocations.allocated_contracted_cost,
    {{ reporting_columns(
        'allocations',
        ['allocated_billed_cost', 'allocated_effective_cost', 'allocated_list_cost', 'allocated_contracted_cost'],
        'charge_date',
    ) }},
    allocations.is_idle,
    allocations.idle_type,
    allocations.is_unallocated,
    allocations.unallocated_reason,
    allocations.billing_period >= {{ open_billing_period() }}
    or unequal_periods.billing_period is not null as is_provisional,
    allocations.charge_date
from allocations
left join unequal_periods
    on
        allocations.source_name = unequal_periods.source_name
        and allocations.billing_period = unequal_periods.billing_period
cross join {{ reporting_settings() }} as settings
