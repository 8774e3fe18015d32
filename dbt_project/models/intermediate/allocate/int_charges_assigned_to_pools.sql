-- Every charge with its pool: the way back from an allocated amount to its billed lines. A charge finds those alike by
-- their fingerprint. Had two groups the same one, a charge would be here twice: a test says that no two have.
--
-- A view: a charge's pool is found by one number in a small table, which costs a reader less than to join a charge's id
-- with a second table as long as the bill.
-- depends_on: {{ ref('int_gpu_machine_names') }}
{{ config(materialized='view') }}

with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}

),

charges_alike as (

    select
        alike_id,
        pool_id
    from {{ ref('int_charges_matched_to_rules') }}

)

select
    charges_alike.pool_id,
    charges.* -- noqa: AM04
from charges
left join charges_alike
    on {{ fingerprint(columns_of_charges_alike('charges').values() | list) }} = charges_alike.alike_id
