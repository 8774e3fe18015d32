-- The pool of each charge: the way back from an allocated amount to its billed lines.
with charges as (

    select * from {{ ref('int_charges_matched_to_rules') }}

),

pools as (

    select * from {{ ref('int_pools') }}

)

select
    charges.charge_id,
    pools.pool_id
from charges
inner join pools
    on
        {%- for column in pool_key_columns() %}
        {{ 'and ' if not loop.first }}charges.{{ column }} is not distinct from pools.{{ column }}
        {%- endfor %}
