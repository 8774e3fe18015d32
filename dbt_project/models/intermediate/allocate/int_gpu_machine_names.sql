{{ config(materialized='kept_months', kept_by='month') }}
-- What the bill calls the machines of GPU clusters, by month: a disk or an address may hang on a machine by its id or
-- by its name. Kept while int_gpu_machines is not, because every charge of the bill is looked up here
-- (columns_of_charges_alike).
with machines as (

    select * from {{ ref('int_gpu_machines') }}

)

select distinct
    substr(driver_window, 1, 7) as month,
    machine_id as name
from machines
union
select distinct
    substr(driver_window, 1, 7) as month,
    machine_name as name
from machines
where machine_name is not null
