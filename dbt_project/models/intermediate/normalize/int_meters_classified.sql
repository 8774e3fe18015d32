{{ config(materialized='table') }}
{#- A table: small, joined by every charge; each regular expression runs once a meter, never once a line. -#}

with

charges as (

    select * from {{ ref('int_charges_unioned') }}

),

services as (

    select * from {{ ref('services') }}

),

pricing_units as (

    select * from {{ ref('pricing_units') }}

),

gpu_instances as (

    select * from {{ ref('gpu_instances') }}

),

meters as (

    select distinct
        meter_key,
        provider,
        service_key,
        service_label,
        meter_family,
        meter_text,
        meter_unit,
        consumed_meter_unit,
        instance_type,
        -- What a FOCUS delivery says of its service stands; the lookups fill what it leaves out.
        delivered_service_name,
        case
            when delivered_service_category in {{ text_list(service_categories()) }} then delivered_service_category
        end as delivered_service_category,
        delivered_service_subcategory,
        -- Other makers' models are named by the product, their direction by the usage type.
        case when provider in ('aws', 'other') then service_label || ' ' || meter_text else meter_text end as model_text

    from charges

),

families as (

    {{ first_pattern_match('meters', 'meter_text', ref('meter_families')) }}

),

machine_meter_matches as (

    {{ first_pattern_match('meters', 'meter_text', ref('machine_meters')) }}

),

-- An empty cell of a seed says that the meter has no such thing.
machine_meters as (

    select
        meter_key,
        nullif(machine_component, '') as machine_component,
        nullif(machine_scope, '') as machine_scope,
        nullif(capacity_type, '') as capacity_type,
        nullif(gpu_model, '') as gpu_model

    from machine_meter_matches

),

storage_meters as (

    {{ first_pattern_match('meters', 'meter_text', ref('storage_meters')) }}

),

ai_token_meter_matches as (

    {{ first_pattern_match('meters', 'meter_text', ref('ai_token_meters'), by_service=false) }}

),

ai_token_meters as (

    select
        meter_key,
        nullif(token_direction, '') as token_direction,
        nullif(token_cache_action, '') as token_cache_action

    from ai_token_meter_matches

),

ai_models as (

    {{ first_pattern_match('meters', 'model_text', ref('ai_models'), by_provider=false, by_service=false) }}

),

meters_with_services as (

    select
        meters.*,
        coalesce(
            meters.delivered_service_name,
            family_services.service_name,
            general_services.service_name,
            nullif(meters.service_label, ''),
            nullif(meters.service_key, ''),
            'Unknown'
        ) as service_name,
        coalesce(
            meters.delivered_service_category,
            family_services.service_category,
            general_services.service_category,
            'Other'
        ) as service_category,
        coalesce(family_services.service_category, general_services.service_category) as known_category,
        coalesce(family_services.service_subcategory, general_services.service_subcategory) as known_subcategory,
        coalesce(family_services.cost_layer, general_services.cost_layer, category_services.cost_layer, 'other')
            as cost_layer

    from meters
    left join families
        on meters.meter_key = families.meter_key
    left join services as family_services
        on
            meters.provider = family_services.provider
            and lower(meters.service_key) = lower(family_services.service_key)
            and lower(coalesce(nullif(meters.meter_family, ''), families.meter_family))
            = lower(family_services.meter_family)
    left join services as general_services
        on
            meters.provider = general_services.provider
            and lower(meters.service_key) = lower(general_services.service_key)
            and coalesce(general_services.meter_family, '') = ''
    left join services as category_services
        on
            meters.delivered_service_category = category_services.service_key
            and category_services.provider = 'other'

),

classified as (

    select
        meters_with_services.meter_key,
        meters_with_services.provider,
        meters_with_services.service_key,
        meters_with_services.meter_text,
        meters_with_services.service_name,
        meters_with_services.service_category,
        -- A subcategory belongs to one category: of another one it says nothing.
        coalesce(
            meters_with_services.delivered_service_subcategory,
            case
                when meters_with_services.known_category = meters_with_services.service_category
                    then meters_with_services.known_subcategory
            end,
            'Other (' || meters_with_services.service_category || ')'
        ) as service_subcategory,
        -- a model that is called by the token is a layer of its own beside the platforms that host it
        case
            when
                meters_with_services.cost_layer = 'managed_ai'
                and (ai_models.model_id is not null or ai_token_meters.token_direction is not null)
                then 'model_usage'
            else meters_with_services.cost_layer
        end as cost_layer,
        coalesce(units.pricing_unit, focus_units.pricing_unit, nullif(meters_with_services.meter_unit, ''))
            as pricing_unit,
        coalesce(
            consumed_units.consumed_unit,
            consumed_focus_units.consumed_unit,
            nullif(meters_with_services.consumed_meter_unit, ''),
            units.consumed_unit,
            focus_units.consumed_unit,
            nullif(meters_with_services.meter_unit, '')
        ) as consumed_unit,
        machine_meters.machine_component,
        machine_meters.machine_scope,
        machine_meters.capacity_type,
        case
            when machine_meters.machine_component is null then null
            else coalesce(machine_meters.gpu_model, gpu_instances.gpu_model)
        end as gpu_model,
        storage_meters.storage_class,
        storage_meters.storage_measure,
        -- Only what is billed by the token, or names a model we know, has a model.
        case
            when meters_with_services.cost_layer != 'managed_ai' then null
            when ai_models.model_id is not null then ai_models.model_id
            when ai_token_meters.token_direction is not null then 'unclassified'
        end as model_id,
        case
            when meters_with_services.cost_layer != 'managed_ai' then null
            when ai_models.model_family is not null then ai_models.model_family
            when ai_token_meters.token_direction is not null then 'unclassified'
        end as model_family,
        case when meters_with_services.cost_layer = 'managed_ai' then ai_token_meters.token_direction end
            as token_direction,
        case when meters_with_services.cost_layer = 'managed_ai' then ai_token_meters.token_cache_action end
            as token_cache_action,
        coalesce(units.units_per_block, focus_units.units_per_block, 1) as units_per_block,
        case
            when
                meters_with_services.cost_layer = 'managed_ai' and ai_token_meters.token_direction is not null
                then coalesce(
                    consumed_units.tokens_per_consumed_unit,
                    consumed_focus_units.tokens_per_consumed_unit,
                    units.tokens_per_consumed_unit,
                    focus_units.tokens_per_consumed_unit
                )
        end as tokens_per_consumed_unit,
        case when machine_meters.machine_component is not null then gpu_instances.gpu_count end as gpu_count,
        -- A GPU sold on its own is one GPU an hour, a machine as many as it has; cores and memory are none.
        case
            when machine_meters.machine_component = 'gpu' then 1
            when machine_meters.machine_component = 'instance' then gpu_instances.gpu_count
        end as gpus_per_machine_hour,
        case
            when machine_meters.machine_component is not null then nullif(lower(meters_with_services.instance_type), '')
        end as machine_type

    from meters_with_services
    left join pricing_units as units
        on
            meters_with_services.provider = units.provider
            and lower(meters_with_services.meter_unit) = lower(units.delivered_unit)
    left join pricing_units as consumed_units
        on
            meters_with_services.provider = consumed_units.provider
            and lower(meters_with_services.consumed_meter_unit) = lower(consumed_units.delivered_unit)
    left join pricing_units as focus_units
        on
            focus_units.provider = 'other'
            and lower(meters_with_services.meter_unit) = lower(focus_units.delivered_unit)
    left join pricing_units as consumed_focus_units
        on
            consumed_focus_units.provider = 'other'
            and lower(meters_with_services.consumed_meter_unit) = lower(consumed_focus_units.delivered_unit)
    left join machine_meters
        on
            meters_with_services.meter_key = machine_meters.meter_key
            -- Another vendor's hour may be one of a GPU or of a machine with eight: only its unit says which.
            and (
                meters_with_services.provider != 'other'
                or lower(
                    coalesce(nullif(meters_with_services.consumed_meter_unit, ''), meters_with_services.meter_unit)
                ) = 'gpu-hours'
            )
    left join gpu_instances
        on
            meters_with_services.provider = gpu_instances.provider
            and {{ machine_type('meters_with_services.instance_type', 'meters_with_services.meter_text') }}
            = gpu_instances.instance_type
    left join storage_meters
        on meters_with_services.meter_key = storage_meters.meter_key
    left join ai_token_meters
        on meters_with_services.meter_key = ai_token_meters.meter_key
    left join ai_models
        on meters_with_services.meter_key = ai_models.meter_key

),

with_details as (

    select
        *,
        {{ json_without_nulls({
            'InstanceType': 'machine_type',
            'GpuCount': 'gpu_count',
            'StorageClass': 'storage_class',
            'x_GpuModel': 'gpu_model',
            'x_ModelId': 'model_id',
            'x_ModelFamily': 'model_family',
            'x_TokenDirection': 'token_direction',
            'x_TokenCacheAction': 'token_cache_action',
        }) }} as sku_price_details

    from classified

)

select * from with_details
