-- What the charges of a pool have in common in FOCUS's other columns: the value that all of them carry, else null. A
-- quantity is the pool's where all its charges count one unit.
{{ config(materialized='ephemeral') }}
{%- set names = [
    'billing_account_name', 'sub_account_name', 'charge_class', 'charge_description', 'charge_frequency',
    'service_provider_name', 'host_provider_name', 'invoice_issuer_name', 'invoice_id', 'service_subcategory',
    'region_name', 'resource_id', 'resource_name', 'resource_type', 'sku_id',
] %}

with charges as (

    select * from {{ ref('int_charges_assigned_to_pools') }}
    where {{ is_of_months_made('billing_period') }}

)

select
    charges.pool_id,
    count(*) as charges,
    min(charges.charge_period_start) as charge_period_start,
    max(charges.charge_period_end) as charge_period_end,
    {%- for column in names %}
    {{ value_in_common('charges.' ~ column) }} as {{ column }},
    {%- endfor %}
    {%- for kind in ['pricing', 'consumed'] %}
    {{ value_in_common('charges.' ~ kind ~ '_unit') }} as {{ kind }}_unit,
    case
        when {{ value_in_common('charges.' ~ kind ~ '_unit') }} is not null
            then cast(sum(charges.{{ kind }}_quantity) as {{ money_type() }})
    end as {{ kind }}_quantity{{ ',' if not loop.last }}
    {%- endfor %}
from charges
group by charges.pool_id
