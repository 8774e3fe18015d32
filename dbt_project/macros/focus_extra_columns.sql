{#- What a FOCUS delivery says itself and a cloud's own billing format leaves to us, with its type: null for the charges
    that we map, but for the few that int_charges_unioned takes from every mapping model. -#}
{% macro focus_extra_columns() %}
    {{- return({
        'delivered_provider_name': 'varchar',
        'invoice_issuer_legal_name': 'varchar',
        'delivered_service_name': 'varchar',
        'delivered_service_category': 'varchar',
        'delivered_service_subcategory': 'varchar',
        'delivered_sku_meter': 'varchar',
        'delivered_sku_price_details': 'varchar',
        'commitment_program_eligibility_details': 'varchar',
        'contract_applied': 'varchar',
        'invoice_detail_id': 'varchar',
        'pricing_currency': 'varchar',
        'pricing_currency_list_unit_price': money_type(),
        'pricing_currency_contracted_unit_price': money_type(),
        'pricing_currency_effective_cost': money_type(),
        'allocated_method_id': 'varchar',
        'allocated_method_details': 'varchar',
        'allocated_resource_id': 'varchar',
        'allocated_resource_name': 'varchar',
        'allocated_tags': 'varchar',
        'raw_values': 'varchar',
    }) -}}
{% endmacro %}
