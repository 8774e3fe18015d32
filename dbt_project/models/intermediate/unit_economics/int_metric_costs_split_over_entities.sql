{{ config(materialized='kept_months', kept_by='charge_date', side_file='metrics') }}
-- Each metric's cost of a day given to its entities: by quantity, by revenue, evenly, or to the entity that the ledger
-- itself names. A day without quantities keeps its cost, without an entity. Guarantees that the parts add up to
-- int_metric_costs exactly.
{%- set measures = ['cost', 'effective_cost', 'credit_cost', 'tax_cost'] %}

with costs as (

    select * from {{ ref('int_metric_costs') }}
    where {{ is_of_months_made('charge_date') }}

),

quantities as (

    select * from {{ ref('int_metric_quantities') }}
    where {{ is_of_months_made('usage_date') }}

),

weights as (

    select
        costs.pool_id,
        quantities.entity as consumer_key,
        case quantities.split
            when 'evenly' then cast(1 as bigint)
            when 'revenue'
                then
                    case
                        when quantities.revenue > 0 and quantities.revenue_currency = costs.billing_currency
                            then {{ millionths('quantities.revenue') }}
                        else cast(0 as bigint)
                    end
            else {{ millionths('quantities.quantity') }}
        end as weight
    from costs
    inner join quantities
        on
            costs.metric = quantities.metric
            and costs.charge_date = quantities.usage_date
    where costs.is_shared
    union all
    select
        pool_id,
        entity as consumer_key,
        cast(1 as bigint) as weight
    from costs
    where not is_shared and entity is not null

),

parts as (

    {{ split_exactly('costs', 'weights', measures) }}

)

select
    costs.metric,
    costs.charge_date,
    costs.billing_currency,
    parts.consumer_key as entity,
    parts.share,
    {%- for measure in measures %}
    parts.{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from parts
inner join costs
    on parts.pool_id = costs.pool_id
