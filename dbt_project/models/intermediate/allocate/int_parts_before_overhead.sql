-- The parts of every step but overhead, in one shape, with the benefit of commitments spread where a rule says so. The
-- consumer columns of a part are told by carrier_pool_id: its own pool, or the one whose users carry what was moved.
{{ config(materialized='view') }}
{%- set spreading = allocation_rules() | selectattr('commitment_benefit', 'equalto', 'spread') | list %}
{%- set columns = [
    'allocation_id', 'origin_pool_id', 'pool_id', 'consumer_key', 'driver_unit', 'driver_quantity', 'driver_total',
    'share',
] + part_measures() + ['hop', 'step', 'method', 'driver', 'missing_reason', 'idle_type'] %}
-- depends_on: {{ ref('int_commitment_benefits_spread') }}

with parts as (

    select * from {{ ref('int_parts_before_benefits') }}

)
{%- if spreading %},

benefits as (

    select * from {{ ref('int_commitment_benefits_spread') }}

),

taken_up as (

    select distinct pool_id
    from benefits

)

select
    {%- for column in columns %}
    parts.{{ column }},
    {%- endfor %}
    parts.is_moved_on or taken_up.pool_id is not null as is_moved_on,
    parts.origin_pool_id as carrier_pool_id
from parts
left join taken_up
    on parts.allocation_id = taken_up.pool_id
union all
select
    {{ columns | join(',\n    ') }},
    is_moved_on,
    carrier_pool_id
from benefits
{%- else %}

select
    {{ columns | join(',\n    ') }},
    is_moved_on,
    origin_pool_id as carrier_pool_id
from parts
{%- endif %}
