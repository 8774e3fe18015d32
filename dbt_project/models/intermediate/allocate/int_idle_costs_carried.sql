-- Who carries what nobody held, where a rule does not leave it visible: the pool's users by what they held, the owner
-- that the rule names, or the owners tagged on the reserved machines. The rows stay idle by type; only the payer
-- changes. Idle cost that nobody can carry is not here and stays as it was, and so is what its holder pays for.
{%- set rules = allocation_rules() | rejectattr('idle_policy', 'equalto', 'visible') | list %}
{%- set policies = {} %}
{%- for rule in rules %}
    {%- do policies.setdefault(rule.idle_policy, []).append(text_literal(rule.rule)) %}
{%- endfor %}

-- depends_on: {{ ref('int_charges_assigned_to_pools') }}

with pools as (

    select * from {{ ref('int_pools') }}

),

parts as (

    select * from {{ ref('int_gpu_costs_split_by_gpu_hours') }}

),

gpu_hours_by_scope as (

    select * from {{ ref('int_gpu_hours_by_scope') }}

),

idle_parts as (

    select
        {{ digest(['parts.pool_id', 'parts.consumer_key']) }} as pool_id,
        parts.pool_id as origin_pool_id,
        pools.driver_scope,
        pools.rule,
        {{ idle_type_of('parts.consumer_key') }} as idle_type,
        {%- for measure in cost_measures() %}
        parts.allocated_{{ measure }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    inner join pools
        on parts.pool_id = pools.pool_id
    where
        {{ is_nobodys_idle('parts.consumer_key') }}
        {%- if rules %}
        and pools.rule in (
            {%- for rule in rules %}{{ text_literal(rule.rule) }}{{ ', ' if not loop.last }}{% endfor -%}
        )
        {%- else %}
        and false
        {%- endif %}

),

carriers as (

    select
        idle_parts.pool_id,
        {{ holder_key('gpu_hours_by_scope.consumer_key') }} as consumer_key,
        cast(sum(gpu_hours_by_scope.weight) as bigint) as weight,
        'idle_spread' as method
    from idle_parts
    inner join gpu_hours_by_scope
        on idle_parts.driver_scope = gpu_hours_by_scope.driver_scope
    where
        not {{ is_nobodys_idle('gpu_hours_by_scope.consumer_key') }}
        and gpu_hours_by_scope.consumer_key <> {{ unexplained_consumer_key() }}
        and gpu_hours_by_scope.weight > 0
        and idle_parts.rule in ({{ policies.get('spread', ['null']) | join(', ') }})
    group by
        idle_parts.pool_id,
        {{ holder_key('gpu_hours_by_scope.consumer_key') }}
    {%- for rule in rules if rule.idle_policy == 'owner' %}
    union all
    select
        pool_id,
        {{ owner_key(rule.owner) }} as consumer_key,
        cast(1 as bigint) as weight,
        'idle_owner' as method
    from idle_parts
    where rule = {{ text_literal(rule.rule) }}
    {%- endfor %}
    {%- if 'reservation_holder' in policies %}
    union all
    select
        idle_parts.pool_id,
        {{ consumer_key(tag_owner_columns(), 'charges') }} as consumer_key,
        {{ millionths('sum(charges.effective_cost)') }} as weight,
        'idle_reservation_holder' as method
    from idle_parts
    inner join {{ ref('int_charges_assigned_to_pools') }} as charges
        on idle_parts.origin_pool_id = charges.pool_id
    where
        idle_parts.rule in ({{ policies['reservation_holder'] | join(', ') }})
        and (
            charges.capacity_reservation_id is not null
            or charges.commitment_discount_id is not null
            or charges.capacity_type in ('reserved', 'block')
        )
        and charges.effective_cost > 0
        and {{ is_of_months_made('charges.charge_date') }}
        and coalesce(charges.{{ tag_owner_columns() | join(', charges.') }}) is not null
    group by
        idle_parts.pool_id,
        {{ consumer_key(tag_owner_columns(), 'charges') }}
    having {{ millionths('sum(charges.effective_cost)') }} > 0
    {%- endif %}

),

carried_parts as (

    select idle_parts.*
    from idle_parts
    where idle_parts.pool_id in (select carriers.pool_id from carriers)

),

spread as (

    {{ split_exactly('carried_parts', 'carriers', cost_measures()) }}

)

select
    spread.pool_id,
    carried_parts.origin_pool_id,
    carried_parts.idle_type,
    spread.consumer_key,
    carriers.method,
    case carriers.method when 'idle_spread' then 'GPU-Hours' when 'idle_reservation_holder' then 'Cost' end
        as driver_unit,
    case
        when carriers.method <> 'idle_owner'
            then cast({{ from_millionths('spread.weight') }} as {{ money_type() }})
    end as driver_quantity,
    case
        when carriers.method <> 'idle_owner'
            then cast({{ from_millionths('spread.total_weight') }} as {{ money_type() }})
    end as driver_total,
    spread.share,
    {%- for measure in cost_measures() %}
    cast(spread.{{ measure }}_residual as {{ money_type() }}) as {{ measure }}_residual,
    spread.{{ measure }} as allocated_{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from spread
inner join carried_parts
    on spread.pool_id = carried_parts.pool_id
inner join carriers
    on
        spread.pool_id = carriers.pool_id
        and spread.consumer_key = carriers.consumer_key
