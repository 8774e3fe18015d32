{#- The columns by which side files select charges, as FOCUS names them, with the column of int_charges_unioned (charges)
    or int_meters_classified (meters) that each is. The same as SelectionColumn of the pipeline's charge_selection. -#}
{% macro charge_selection_columns() %}
    {{- return({
        'BillingAccountId': 'charges.billing_account_id',
        'CapacityReservationId': 'charges.capacity_reservation_id',
        'ChargeCategory': 'charges.charge_category',
        'ChargeDescription': 'charges.charge_description',
        'InvoiceId': 'charges.invoice_id',
        'PublisherName': 'charges.publisher_name',
        'RegionId': 'charges.region_id',
        'ResourceId': 'charges.resource_id',
        'ResourceName': 'charges.resource_name',
        'ServiceName': 'meters.service_name',
        'SkuId': 'charges.sku_id',
        'SkuMeter': 'charges.meter_text',
        'SkuPriceId': 'charges.sku_price_id',
        'SubAccountId': 'charges.sub_account_id',
    }) -}}
{% endmacro %}
