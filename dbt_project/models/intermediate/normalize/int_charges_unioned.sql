{#- A view of tables: what it reads are the months that a run maps, and the normalized bill after it keeps the others. A
    wide row is dear to write, so it is written only there. -#}
{%- set mapped_models = [
    ref('int_aws__charges_mapped_to_focus'),
    ref('int_gcp__charges_mapped_to_focus'),
    ref('int_azure__charges_mapped_to_focus'),
] -%}
{%- set focus_models = [
    ref('int_aws__focus_charges_mapped'),
    ref('int_gcp__focus_charges_mapped'),
    ref('int_azure__focus_charges_mapped'),
    ref('int_other__focus_charges_mapped'),
] -%}
{#- Of what a FOCUS delivery says beyond the common columns, what the clouds' own formats say as well. -#}
{%- set said_by_all = [
    'invoice_issuer_legal_name', 'pricing_currency', 'pricing_currency_list_unit_price',
    'pricing_currency_contracted_unit_price', 'pricing_currency_effective_cost', 'raw_values',
] -%}

with

-- noqa: disable=LT02
mapped_charges as (
{% for mapped_model in mapped_models + focus_models %}
    {%- set is_focus = mapped_model in focus_models %}
    select
        {{ mapped_charge_columns() | join(',\n        ') }},
        {{ 'true' if is_focus else 'false' }} as is_delivered_as_focus
        {%- for column, type in focus_extra_columns().items() %},
        {{ column if is_focus or column in said_by_all else 'cast(null as ' ~ type ~ ') as ' ~ column }}
        {%- endfor %}
    from {{ mapped_model }}
    {{ 'union all' if not loop.last }}
{% endfor %}
),
-- noqa: enable=LT02

files as (

    select * from {{ ref('stg_delivery_files') }}

),

addressed as (

    select
        mapped_charges.* replace (
            -- XXX is ISO 4217 for no currency; amounts of different spellings are one currency.
            coalesce(upper(mapped_charges.billing_currency), 'XXX') as billing_currency,
            coalesce(mapped_charges.billing_period_start, {{ period_start('mapped_charges.billing_period') }})
                as billing_period_start,
            coalesce(mapped_charges.billing_period_end, {{ period_end('mapped_charges.billing_period') }})
                as billing_period_end,
            coalesce(
                mapped_charges.charge_period_start,
                mapped_charges.billing_period_start,
                {{ period_start('mapped_charges.billing_period') }}
            ) as charge_period_start,
            coalesce(
                mapped_charges.charge_period_end,
                mapped_charges.billing_period_end,
                {{ period_end('mapped_charges.billing_period') }}
            ) as charge_period_end,
            coalesce(mapped_charges.service_key, '') as service_key,
            coalesce(mapped_charges.service_label, '') as service_label,
            coalesce(mapped_charges.meter_family, '') as meter_family,
            coalesce(mapped_charges.meter_text, '') as meter_text,
            coalesce(mapped_charges.meter_unit, '') as meter_unit,
            coalesce(mapped_charges.consumed_meter_unit, '') as consumed_meter_unit,
            coalesce(mapped_charges.instance_type, '') as instance_type
        ),
        files.table_name as landed_table,
        concat_ws(
            '/',
            mapped_charges.source_name,
            mapped_charges.billing_period,
            mapped_charges.delivery_id,
            coalesce(cast(files.file_number as varchar), mapped_charges.landed_file),
            concat_ws('#', cast(mapped_charges.landed_row as varchar), mapped_charges.charge_part)
        ) as charge_id

    from mapped_charges
    left join files
        on
            mapped_charges.source_name = files.source_name
            and mapped_charges.provider = files.provider
            and mapped_charges.delivery_id = files.delivery_id
            and mapped_charges.landed_file = files.file_name

),

keyed as (

    select
        *,
        cast(charge_period_start as date) as charge_date,
        concat_ws(
            chr(31),
            provider,
            service_key,
            service_label,
            meter_family,
            meter_text,
            meter_unit,
            consumed_meter_unit,
            instance_type,
            delivered_service_category,
            delivered_service_subcategory
        ) as meter_key

    from addressed

)

select * from keyed  -- noqa: AM04
