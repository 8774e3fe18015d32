{#- The select list that brings a charge of a FOCUS delivery, version 1.0 to 1.4, to mapped_charge_columns()
    and focus_extra_columns(). What was delivered is kept; what the version or the vendor leaves out is filled by the
    rules below; a value that is none of a column's closed values is kept in raw_values.

    provider: aws, gcp, azure or other. own: SQL over the staged columns for what each vendor tells in columns of its own
    (billing_period_end, service_key, meter_family, meter_text, instance_type, is_spot, bucket, resource_id, invoice_id,
    cluster, node_pool). -#}
{% macro mapped_focus_charge_columns(provider, own={}) %}
    {%- set nothing = 'cast(null as varchar)' -%}
    {%- set categories = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] -%}
    {%- set category = 'coalesce(' ~ accepted_focus_value('charge_category', categories) ~ ", 'Adjustment')" -%}
    {%- set pricing_categories = ['Standard', 'Dynamic', 'Committed', 'Other'] -%}
    {%- set pricing_category = accepted_focus_value('pricing_category', pricing_categories) -%}
    {%- set status = accepted_focus_value('commitment_discount_status', ['Used', 'Unused']) -%}
    {%- if provider == 'other' -%}
        {#- Who is named nowhere in the file goes by the name in finops.yaml. -#}
        {%- set names = ['service_provider_name', 'provider_name', 'vendor', 'publisher_name', 'invoice_issuer_name'] -%}
        {%- set vendor = 'coalesce(' ~ names | join(', ') ~ ', source_name)' -%}
    {%- else -%}
        {%- set vendor = provider_name("'" ~ provider ~ "'") -%}
    {%- endif %}
        source_name,
        '{{ provider }}' as provider,
        delivery_id,
        landed_file,
        landed_row,
        cast(null as varchar) as charge_part,
        billing_account_id,
        billing_account_name,
        coalesce(billing_account_type, 'Billing Account') as billing_account_type,
        sub_account_id,
        case when sub_account_id is not null then sub_account_name end as sub_account_name,
        case when sub_account_id is not null then coalesce(sub_account_type, 'Sub Account') end as sub_account_type,
        billing_currency,
        billing_period,
        billing_period_start,
        {{ own.get('billing_period_end', 'billing_period_end') }} as billing_period_end,
        charge_period_start,
        charge_period_end,
        {{ category }} as charge_category,
        {{ accepted_focus_value('charge_class', ['Correction']) }} as charge_class,
        charge_description,
        case
            when {{ category }} = 'Purchase' and lower(charge_frequency) = 'usage-based' then 'Recurring'
            else coalesce(
                {{ accepted_focus_value('charge_frequency', ['One-Time', 'Recurring', 'Usage-Based']) }},
                case when {{ category }} = 'Usage' then 'Usage-Based' else 'One-Time' end
            )
        end as charge_frequency,
        case
            when {{ category }} = 'Credit' then 'credit'
            when {{ status }} = 'Unused' then 'unused commitment'
            when {{ category }} = 'Purchase' and commitment_discount_id is not null then 'commitment purchase'
            else 'delivered'
        end as charge_origin,
        {{ pricing_category }} as pricing_category,
        pricing_quantity,
        case when {{ category }} = 'Usage' then consumed_quantity end as consumed_quantity,
        case when {{ category }} = 'Usage' then consumed_unit end as consumed_meter_unit,
        cast(null as {{ money_type() }}) as stored_byte_hours,
        list_unit_price,
        contracted_unit_price,
        coalesce(list_cost, contracted_cost, billed_cost, 0) as list_cost,
        coalesce(contracted_cost, list_cost, billed_cost, 0) as contracted_cost,
        coalesce(billed_cost, 0) as billed_cost,
        coalesce(effective_cost, 0) as effective_cost,
        commitment_discount_id,
        commitment_discount_name,
        {{ accepted_focus_value('commitment_discount_category', ['Spend', 'Usage']) }} as commitment_discount_category,
        commitment_discount_type,
        {{ status }} as commitment_discount_status,
        commitment_discount_quantity,
        case
            when commitment_discount_quantity is not null then coalesce(commitment_discount_unit, 'Units')
        end as commitment_discount_unit,
        capacity_reservation_id,
        {{ accepted_focus_value('capacity_reservation_status', ['Used', 'Unused']) }} as capacity_reservation_status,
        coalesce(service_provider_name, {{ vendor }}) as service_provider_name,
        {{ 'host_provider_name' if provider == 'other' else 'coalesce(host_provider_name, ' ~ vendor ~ ')' }}
            as host_provider_name,
        coalesce(publisher_name, {{ vendor }}) as publisher_name,
        {{ invoice_issuer_of_provider('invoice_issuer_name', vendor) }} as invoice_issuer_name,
        {{ own.get('invoice_id', 'invoice_id') }} as invoice_id,
        coalesce(region_id, region_name) as region_id,
        coalesce(region_name, region_id) as region_name,
        availability_zone,
        {{ own.get('resource_id', 'resource_id') }} as resource_id,
        coalesce(resource_name, {{ last_path_segment('resource_id') }}) as resource_name,
        case when resource_id is not null then coalesce(resource_type, 'Resource') end as resource_type,
        sku_id,
        sku_price_id,
        tags,
        {{ own.get('cluster', nothing) }} as delivered_cluster,
        {{ own.get('node_pool', nothing) }} as delivered_node_pool,
        {{ own.get('bucket', nothing) }} as bucket,
        {{ own.get('service_key', 'service_name') }} as service_key,
        service_name as service_label,
        {{ own.get('meter_family', nothing) }} as meter_family,
        {{ own.get('meter_text', 'coalesce(sku_meter, charge_description)') }} as meter_text,
        pricing_unit as meter_unit,
        {{ own.get('instance_type', json_text('sku_price_details', 'InstanceType')) }} as instance_type,
        coalesce({{ pricing_category }} = 'Dynamic' or {{ own.get('is_spot', 'false') }}, false) as is_spot,
        {{ category }} = 'Usage'
        and coalesce({{ status }}, '') != 'Unused'
        and (charge_class is null or consumed_quantity is not null) as is_consumption,
        provider_name as delivered_provider_name,
        invoice_issuer_name as invoice_issuer_legal_name,
        service_name as delivered_service_name,
        service_category as delivered_service_category,
        service_subcategory as delivered_service_subcategory,
        sku_meter as delivered_sku_meter,
        sku_price_details as delivered_sku_price_details,
        commitment_program_eligibility_details,
        contract_applied,
        invoice_detail_id,
        {{ own.get('pricing_currency', 'pricing_currency') }} as pricing_currency,
        pricing_currency_list_unit_price,
        pricing_currency_contracted_unit_price,
        pricing_currency_effective_cost,
        allocated_method_id,
        allocated_method_details,
        allocated_resource_id,
        allocated_resource_name,
        allocated_tags,
        {% set raw_category %}case when charge_category != {{ category }} then charge_category end{% endset -%}
        {% set raw_pricing -%}
        case when pricing_category != coalesce({{ pricing_category }}, '') then pricing_category end
        {%- endset -%}
        case
            when charge_category != {{ category }} or pricing_category != coalesce({{ pricing_category }}, '')
                then {{ json_without_nulls({'ChargeCategory': raw_category, 'PricingCategory': raw_pricing}) }}
        end as raw_values
{% endmacro %}
