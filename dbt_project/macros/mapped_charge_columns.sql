{#- The columns every mapping model gives, whatever the cloud: FOCUS columns in snake_case, the line's address, and the
    keys by which services, meters and machines are looked up once for all clouds. A mapping model that lacks one does
    not compile. -#}
{% macro mapped_charge_columns() %}
    {{- return([
        'source_name', 'provider', 'delivery_id', 'landed_file', 'landed_row', 'charge_part',
        'billing_account_id', 'billing_account_name', 'billing_account_type',
        'sub_account_id', 'sub_account_name', 'sub_account_type', 'billing_currency',
        'billing_period', 'billing_period_start', 'billing_period_end', 'charge_period_start', 'charge_period_end',
        'charge_category', 'charge_class', 'charge_description', 'charge_frequency', 'charge_origin',
        'pricing_category', 'pricing_quantity', 'consumed_quantity', 'consumed_meter_unit', 'stored_byte_hours',
        'list_unit_price', 'contracted_unit_price', 'list_cost', 'contracted_cost', 'billed_cost', 'effective_cost',
        'commitment_discount_id', 'commitment_discount_name', 'commitment_discount_category',
        'commitment_discount_type', 'commitment_discount_status', 'commitment_discount_quantity',
        'commitment_discount_unit', 'capacity_reservation_id', 'capacity_reservation_status',
        'service_provider_name', 'host_provider_name', 'publisher_name', 'invoice_issuer_name', 'invoice_id',
        'region_id', 'region_name', 'availability_zone', 'resource_id', 'resource_name', 'resource_type',
        'sku_id', 'sku_price_id', 'tags', 'delivered_cluster', 'delivered_node_pool', 'bucket',
        'service_key', 'service_label', 'meter_family', 'meter_text', 'meter_unit', 'instance_type',
        'is_spot', 'is_consumption',
    ]) -}}
{% endmacro %}
