{%- set commitment_columns = [
    'commitment_discount_id', 'commitment_discount_name', 'commitment_discount_category', 'commitment_discount_type',
    'commitment_discount_status',
] -%}

with

delivered_charges as {{ computed_anew() }} (

    select
        *,
        charge_id as base_charge_id

    from {{ ref('int_charges_unioned') }}

),

amortized as {{ computed_anew() }} (

    select
        *,
        prepayment as commitment_discount_id,
        prepayment as commitment_discount_name,
        'Usage' as commitment_discount_category,
        'Prepaid Capacity' as commitment_discount_type,
        case when role = 'purchase' then null when is_unused then 'Unused' else 'Used' end as commitment_discount_status

    from {{ ref('int_prepayments_amortized') }}

),

-- The purchase of prepaid capacity costs nobody anything, and what uses the capacity is covered by it.
charges_with_prepayments as {{ computed_anew() }} (

    select
        delivered_charges.* replace (
            case when amortized.role = 'purchase' then 0 else delivered_charges.effective_cost end as effective_cost,
            case when amortized.role = 'purchase' then 'prepayment' else delivered_charges.charge_origin end
                as charge_origin,
            case when amortized.role = 'covered' then 'Committed' else delivered_charges.pricing_category end
                as pricing_category,
            {% for column in commitment_columns %}
            coalesce(amortized.{{ column }}, delivered_charges.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        )

    from delivered_charges
    left join amortized
        on
            delivered_charges.charge_id = amortized.base_charge_id
            and amortized.role != 'share'

),

-- Each day's part stands beside what used it, and is addressed by that line and the purchase.
prepaid_shares as {{ computed_anew() }} (

    select
        delivered_charges.* replace (
            delivered_charges.charge_id || '#' || amortized.prepayment || '/' || amortized.charge_date || '/'
            || {{ digest(['amortized.purchase_id']) }} as charge_id,
            {% set is_of_purchase = 'delivered_charges.charge_id = amortized.purchase_id' -%}
            {% for column, of_day in {
                'billing_period': month_of('amortized.charge_date') | trim,
                'billing_period_start': period_start(month_of('amortized.charge_date') | trim),
                'billing_period_end': period_end(month_of('amortized.charge_date') | trim),
                'charge_period_start': 'cast(amortized.charge_date as timestamp)',
                'charge_period_end': 'cast(amortized.charge_date as timestamp) + interval 1 day',
            }.items() -%}
            case when {{ is_of_purchase }} then {{ of_day }} else delivered_charges.{{ column }} end as {{ column }},
            {% endfor -%}
            amortized.charge_date as charge_date,
            'Usage' as charge_category,
            cast(null as varchar) as charge_class,
            'Usage-Based' as charge_frequency,
            case when amortized.is_unused then 'unused commitment' else 'amortized prepayment' end as charge_origin,
            'Committed' as pricing_category,
            0 as pricing_quantity,
            0 as list_unit_price,
            0 as contracted_unit_price,
            0 as list_cost,
            0 as contracted_cost,
            0 as billed_cost,
            amortized.effective_cost as effective_cost,
            cast(null as {{ money_type() }}) as consumed_quantity,
            cast(null as {{ money_type() }}) as stored_byte_hours,
            cast(null as {{ money_type() }}) as commitment_discount_quantity,
            cast(null as varchar) as commitment_discount_unit,
            {% for column in commitment_columns %}
            amortized.{{ column }} as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        )

    from amortized
    inner join delivered_charges
        on amortized.base_charge_id = delivered_charges.charge_id
    where amortized.role = 'share'

),

charges as {{ computed_anew() }} (

    select * from charges_with_prepayments
    union all
    select * from prepaid_shares

),

meters as (

    select * from {{ ref('int_meters_classified') }}

),

measured_charges as {{ computed_anew() }} (

    select
        charges.*,
        meters.service_name,
        meters.service_category,
        meters.service_subcategory,
        meters.cost_layer,
        meters.sku_price_details,
        meters.machine_component,
        meters.machine_scope,
        meters.capacity_type as meter_capacity_type,
        meters.gpu_model as meter_gpu_model,
        meters.gpu_count as meter_gpu_count,
        meters.gpus_per_machine_hour,
        meters.storage_class,
        meters.storage_measure,
        meters.model_id,
        meters.model_family,
        meters.token_direction,
        meters.token_cache_action,
        meters.tokens_per_consumed_unit,
        case when charges.pricing_quantity is not null then coalesce(meters.pricing_unit, 'Units') end as pricing_unit,
        case
            when charges.is_consumption
                then coalesce(charges.consumed_quantity, charges.pricing_quantity * meters.units_per_block)
        end as measured_quantity,
        coalesce(meters.consumed_unit, 'Units') as measured_unit

    from charges
    inner join meters
        on charges.meter_key = meters.meter_key

),

-- Google bills the GPU, the cores and the memory of one machine apart; the resource says which belong together.
gpu_machines as (

    select
        source_name,
        billing_period,
        resource_id,
        charge_date,
        min(meter_gpu_model) as gpu_model

    from measured_charges
    where machine_component = 'gpu' and is_consumption and resource_id is not null
    group by source_name, billing_period, resource_id, charge_date

),

machine_charges as (

    select
        measured_charges.*,
        case
            when not measured_charges.is_consumption then null
            else coalesce(measured_charges.meter_gpu_model, gpu_machines.gpu_model)
        end as gpu_model,
        case
            when not measured_charges.is_consumption or measured_charges.machine_component is null then null
            when measured_charges.measured_unit in ('Hours', 'GPU-Hours') then measured_charges.measured_quantity
            when measured_charges.pricing_unit in ('Hours', 'GPU-Hours') then measured_charges.pricing_quantity
        end as machine_hours

    from measured_charges
    left join gpu_machines
        on
            measured_charges.source_name = gpu_machines.source_name
            and measured_charges.billing_period = gpu_machines.billing_period
            and measured_charges.resource_id = gpu_machines.resource_id
            and measured_charges.charge_date = gpu_machines.charge_date
            and measured_charges.machine_component in ('core', 'ram')

),

classified as (

    select
        *,
        case when is_consumption then measured_quantity end as reported_consumed_quantity,
        case when is_consumption then measured_unit end as reported_consumed_unit,
        case when is_consumption then meter_gpu_count end as gpu_count,
        machine_hours * gpus_per_machine_hour as gpu_hours,
        case
            when not is_consumption or machine_component is null then null
            when pricing_category = 'Committed' then 'reserved'
            when is_spot or meter_capacity_type = 'spot' then 'spot'
            else 'on_demand'
        end as capacity_type,
        coalesce(
            is_consumption and machine_scope = 'vm' and machine_component is not null and gpu_model is not null, false
        ) as is_cluster_machine,
        case
            when not is_consumption or storage_measure is null or storage_measure != 'bytes' then null
            else coalesce(stored_byte_hours, {{ byte_hours('measured_quantity', 'measured_unit', 'billing_period') }})
        end as billed_byte_hours,
        case when is_consumption then measured_quantity * tokens_per_consumed_unit end as token_count

    from machine_charges

)

select * from classified  -- noqa: AM04
