-- The pools of cost, summed before anything is split: what a pool holds and what all its charges have in common.
with charges_in_pools as (

    select * from {{ ref('int_charges_assigned_to_pools') }}

)

select
    pool_id,
    any_value(rule_version) as rule_version,
    {%- for column in pool_key_columns() %}
    any_value({{ column }}) as {{ column }},
    {%- endfor %}
    {%- for measure in cost_measures() %}
    cast(sum({{ measure }}) as {{ money_type() }}) as {{ measure }},
    {%- endfor %}
    count(*) as charges
from charges_in_pools
group by pool_id
