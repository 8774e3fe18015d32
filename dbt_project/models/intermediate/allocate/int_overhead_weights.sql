-- Who carries overhead that follows cost: for each rule, the cost its payers carry already within the rule's bounds.
-- Counted is the effective cost of usage, before credits, refunds and tax, over the billing month; what is idle or
-- nobody's does not pay, and whoever comes out negative pays nothing. Weights are millionths, or whole units of the
-- currency where millionths do not fit 64 bits.
{%- set rules = allocation_rules() | selectattr('pool_kind', 'equalto', 'overhead') | list %}
{%- set spreading = allocation_rules() | selectattr('commitment_benefit', 'equalto', 'spread') | list %}
{%- set carriers = 'carriers' if spreading else 'pools' %}
-- depends_on: {{ ref('int_parts_before_overhead') }}
-- depends_on: {{ ref('int_pools') }}
-- depends_on: {{ ref('int_consumers') }}
{%- if rules %}

with parts as (

    select * from {{ ref('int_parts_before_overhead') }}
    where
        not is_moved_on
        and idle_type is null
        -- who pays for a missing driver carries that cost, too
        and (missing_reason is null or (consumer_key is not null and method <> 'closed_loop'))

),

pools as (

    select * from {{ ref('int_pools') }}

),

consumers as (

    select * from {{ ref('int_consumers') }}

),

costs as (

    select
        pools.source_name,
        pools.billing_account_id,
        pools.sub_account_id,
        pools.charge_category,
        pools.pricing_category,
        pools.service_category,
        pools.service_name,
        pools.region_id,
        pools.cost_layer,
        pools.billing_currency,
        pools.billing_period,
        {%- for column in consumer_columns() %}
        {% if column in tag_owner_columns() -%}
        coalesce({{ carriers }}.{{ column }}, consumers.{{ column }})
        {%- else -%}
        consumers.{{ column }}
        {%- endif %} as {{ column }},
        {%- endfor %}
        sum(parts.allocated_effective_cost) as effective_cost
    from parts
    inner join pools
        on parts.origin_pool_id = pools.pool_id
    {%- if spreading %}
    inner join pools as carriers
        on parts.carrier_pool_id = carriers.pool_id
    {%- endif %}
    left join consumers
        on
            {{ carriers }}.driver_scope is not null
            and parts.consumer_key = consumers.consumer_key
    where
        pools.charge_category = 'Usage'
        and pools.pool_kind not in ('commitment', 'idle')
        and pools.unallocated_reason is null
    group by all

),
{% for rule in rules %}
payers_of_rule_{{ rule.rule_order }} as (

    select
        concat_ws(
            '/',
            {{ text_literal(rule.rule) }},
            {%- for column in rule.bounds %}
            coalesce({{ column }}, ''),
            {%- endfor %}
            billing_currency,
            billing_period
        ) as driver_scope,
        {%- for column in consumer_columns() %}
        {{ column if column in rule.payers else 'cast(null as string)' }} as {{ column }},
        {%- endfor %}
        sum(effective_cost) as effective_cost
    from costs
    where coalesce({{ rule.payers | join(', ') }}, null) is not null
    group by all

),
{% endfor %}
payers as (
    {% for rule in rules %}
    select
        *,
        {{ 'cast(0 as ' ~ money_type() ~ ')' if rule.driver == 'even'
            else 'max(effective_cost) over (partition by driver_scope)' }} as largest_cost,
        {{ rule.driver == 'even' }} as is_even
    from payers_of_rule_{{ rule.rule_order }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

weights as (

    select
        *,
        case
            when is_even then cast(1 as bigint)
            when largest_cost < 900000000000 then {{ millionths('effective_cost') }}
            else cast(round(effective_cost) as bigint)
        end as weight,
        case when largest_cost < 900000000000 then 1 else 1000000 end as quantum_millionths
    from payers

)

select
    {{ consumer_key() }} as consumer_key,
    driver_scope,
    {{ consumer_columns() | join(',\n    ') }},
    weight,
    quantum_millionths
from weights
where
    effective_cost > 0
    and weight > 0
{%- else %}

select
    cast(null as string) as consumer_key,
    cast(null as string) as driver_scope,
    {%- for column in consumer_columns() %}
    cast(null as string) as {{ column }},
    {%- endfor %}
    cast(null as bigint) as weight,
    cast(null as integer) as quantum_millionths
where false
{%- endif %}
