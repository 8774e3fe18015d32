-- The pool of each charge: the way back from an allocated amount to its billed lines. A charge finds those alike by
-- their fingerprint: had two groups the same one, a charge would be here twice, and the model's tests would say so.
-- depends_on: {{ ref('int_gpu_machines') }}
with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}

),

charges_with_fingerprint as (

    select
        charges.charge_id,
        {{ fingerprint(columns_of_charges_alike('charges').values() | list) }} as alike_id
    from charges

),

charges_alike as (

    select * from {{ ref('int_charges_matched_to_rules') }}

),

pools as (

    select * from {{ ref('int_pools') }}

),

pools_of_charges_alike as (

    select
        charges_alike.alike_id,
        pools.pool_id
    from charges_alike
    inner join pools
        on
            {%- for column in pool_key_columns() %}
            {{ 'and ' if not loop.first }}charges_alike.{{ column }} is not distinct from pools.{{ column }}
            {%- endfor %}

)

select
    charges_with_fingerprint.charge_id,
    pools_of_charges_alike.pool_id
from charges_with_fingerprint
inner join pools_of_charges_alike
    on charges_with_fingerprint.alike_id = pools_of_charges_alike.alike_id
