-- The pools that need no split: their whole cost belongs to the owner that a tag or a rule names, to the holder of a
-- commitment, or to nobody, for a reason.
with pools as (

    select * from {{ ref('int_pools') }}
    where driver_scope is null

)

select
    pool_id,
    {{ consumer_key(tag_owner_columns()) }} as consumer_key,
    cast(null as string) as driver_unit,
    cast(null as {{ money_type() }}) as driver_quantity,
    cast(null as {{ money_type() }}) as driver_total,
    cast(1 as decimal(16, 15)) as share,
    {%- for measure in cost_measures() %}
    cast(0 as {{ money_type() }}) as {{ measure }}_residual,
    {{ measure }} as allocated_{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from pools
