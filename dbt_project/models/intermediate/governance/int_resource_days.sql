{{ config(materialized='kept_months', kept_by='charge_date') }}
-- What ran on each day, by resource: the hours of notebooks, and whether there were machine hours. Waste looks back at
-- it.
with charges as (

    select
        *,
        {{ resource_role('sku_meter', 'service_subcategory') }} as resource_role
    from {{ ref('int_charges_attributed_to_owners') }}
    where
        charge_category = 'Usage'
        and resource_id is not null
        and {{ is_of_months_made('charge_date') }}

)

select
    source_name,
    resource_id,
    charge_date,
    sum(consumed_quantity) filter (
        effective_cost > 0 and resource_role = 'notebook' and consumed_unit = 'Hours'
    ) as notebook_hours,
    bool_or(effective_cost > 0 and capacity_type is not null) as has_machine_hours,
    bool_or(service_subcategory = 'Virtual Machines') as is_virtual_machine
from charges
group by
    source_name,
    resource_id,
    charge_date
