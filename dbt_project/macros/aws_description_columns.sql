{#- What a line item says that many others say as well, by its names in aws_line_item_columns(): a bill of millions of
    lines has thousands of such descriptions. What nobody reads is left out, because it would only tell more apart.
    Accounts stay with the line: a large company has so many that there would be hardly fewer descriptions than lines. -#}
{% macro aws_description_columns() %}
    {{- return([
        'bill_billing_entity', 'bill_billing_period_end_date', 'bill_billing_period_start_date', 'bill_invoice_id',
        'bill_invoicing_entity', 'bill_payer_account_id', 'bill_payer_account_name',
        'line_item_availability_zone', 'line_item_currency_code', 'line_item_legal_entity',
        'line_item_line_item_description', 'line_item_line_item_type', 'line_item_net_unblended_rate',
        'line_item_product_code', 'line_item_tax_type', 'line_item_unblended_rate', 'line_item_usage_type',
        'pricing_public_on_demand_rate', 'pricing_rate_code', 'pricing_rate_id', 'pricing_term', 'pricing_unit',
        'product_instance_type', 'product_location', 'product_product_family', 'product_region_code', 'product_sku',
        'reservation_reservation_a_r_n', 'savings_plan_savings_plan_a_r_n',
    ]) -}}
{% endmacro %}
