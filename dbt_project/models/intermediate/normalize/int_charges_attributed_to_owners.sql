{{ config(materialized='kept_months', kept_by='delivery') }}
{#- A table: allocation, the marts and the checks read it many times, and the steps before it are views. Months whose
    deliveries are as they were keep their rows. -#}

with

charges as (

    select * from {{ ref('int_charges_classified') }}

),

owners as (

    select * from {{ ref('int_tags_resolved_to_owners') }}

),

owners_by_rule as (

    select * from {{ ref('int_charges_owned_by_rules') }}

),

attributed as (

    select
        charges.source_name,
        -- One file of another vendor may hold several providers' charges; each goes by its own name.
        case
            when charges.provider = 'other' then {{ provider_key('charges.service_provider_name') }}
            else charges.provider
        end as provider,
        charges.landed_table,
        charges.is_delivered_as_focus,
        charges.delivery_id,
        charges.charge_id,
        charges.landed_file,
        charges.landed_row,
        charges.billing_account_id,
        -- Google's export names no billing account, the legacy CUR no account at all: the id is what people know it by.
        coalesce(charges.billing_account_name, charges.billing_account_id) as billing_account_name,
        charges.billing_account_type,
        charges.sub_account_id,
        case
            when charges.sub_account_id is not null then coalesce(charges.sub_account_name, charges.sub_account_id)
        end as sub_account_name,
        charges.sub_account_type,
        charges.billing_currency,
        charges.billing_period,
        charges.billing_period_start,
        charges.billing_period_end,
        charges.charge_period_start,
        charges.charge_period_end,
        charges.charge_date,
        charges.charge_category,
        charges.charge_class,
        charges.charge_description,
        charges.charge_frequency,
        charges.charge_origin,
        charges.pricing_category,
        charges.pricing_quantity,
        charges.pricing_unit,
        charges.reported_consumed_quantity as consumed_quantity,
        charges.reported_consumed_unit as consumed_unit,
        charges.list_unit_price,
        charges.contracted_unit_price,
        charges.list_cost,
        charges.contracted_cost,
        charges.billed_cost,
        charges.effective_cost,
        charges.commitment_discount_id,
        charges.commitment_discount_name,
        charges.commitment_discount_category,
        charges.commitment_discount_type,
        charges.commitment_discount_status,
        charges.commitment_discount_quantity,
        charges.commitment_discount_unit,
        charges.capacity_reservation_id,
        charges.capacity_reservation_status,
        charges.service_category,
        charges.service_subcategory,
        charges.service_name,
        charges.service_provider_name,
        charges.host_provider_name,
        charges.publisher_name,
        charges.invoice_issuer_name,
        charges.invoice_id,
        charges.region_id,
        charges.region_name,
        charges.availability_zone,
        charges.resource_id,
        charges.resource_name,
        charges.resource_type,
        charges.sku_id,
        charges.sku_price_id,
        case
            when charges.is_delivered_as_focus then charges.delivered_sku_meter
            when charges.sku_id is not null then nullif(charges.meter_text, '')
        end as sku_meter,
        coalesce(
            charges.delivered_sku_price_details,
            case when charges.sku_price_id is not null then charges.sku_price_details end
        ) as sku_price_details,
        {% for column in focus_extra_columns() if not column.startswith('delivered_s') %}
        charges.{{ column }},
        {% endfor %}
        charges.tags,
        charges.cost_layer,
        coalesce(owners.cluster, charges.delivered_cluster) as cluster,
        -- Telemetry and bill both know a scale set by the name of its resource; a tag is only a label on it.
        coalesce(charges.delivered_node_pool, owners.node_pool) as node_pool,
        -- A block disk follows its machine: the one its tag names; on Google Cloud a machine's own disk has its name.
        -- So does network traffic: the clouds bill it on the resource that sent it.
        case
            when charges.resource_type in ('Volume', 'Disk', 'microsoft.compute/disks')
                then coalesce(owners.machine, case when charges.provider = 'gcp' then charges.resource_name end)
            when charges.service_category = 'Networking' then coalesce(owners.machine, charges.resource_id)
        end as attached_machine,
        charges.gpu_model,
        charges.gpu_count,
        charges.gpu_hours,
        charges.capacity_type,
        charges.is_cluster_machine,
        charges.bucket,
        charges.storage_class,
        charges.storage_measure,
        charges.billed_byte_hours,
        charges.model_id,
        charges.model_family,
        charges.token_direction,
        charges.token_cache_action,
        charges.token_count,
        -- A tag always wins over a rule.
        {% for column in ['team', 'project', 'environment', 'model_name', 'workload_type', 'business_unit', 'owner',
            'cost_center', 'dataset'] %}
        coalesce(owners.{{ column }}, owners_by_rule.{{ column }}) as {{ column }},
        {% endfor %}
        -- What named the most telling owner.
        case
            {% for column in tag_owner_columns() %}
            when owners.{{ column }} is not null then owners.owner_source
            when owners_by_rule.{{ column }} is not null then 'rule:' || owners_by_rule.{{ column }}_rule
            {% endfor %}
        end as owner_source

    from charges
    left join owners
        on charges.tags = owners.tags
    left join owners_by_rule
        on charges.base_charge_id = owners_by_rule.charge_id

)

select * from attributed
