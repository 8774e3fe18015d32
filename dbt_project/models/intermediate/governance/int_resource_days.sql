{{ config(materialized='kept_months', kept_by='charge_date') }}
-- The machines, and the notebooks that ran around the clock, of each day: what waste looks back at. Of other resources
-- (most of a bill) there is no row.
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
    coalesce(sum(consumed_quantity) filter (
        effective_cost > 0 and resource_role = 'notebook' and consumed_unit = 'Hours'
    ) >= 23, false) as is_notebook_around_the_clock,
    coalesce(bool_or(effective_cost > 0 and capacity_type is not null), false) as has_machine_hours,
    coalesce(bool_or(service_subcategory = 'Virtual Machines'), false) as is_virtual_machine
from charges
where resource_role = 'notebook' or capacity_type is not null or service_subcategory = 'Virtual Machines'
group by
    source_name,
    resource_id,
    charge_date
having is_notebook_around_the_clock or has_machine_hours or is_virtual_machine
