{{ config(materialized='kept_months', kept_by='charge_date', side_file='metrics') }}
-- Each metric's cost of a day given to its entities: by quantity, by revenue, evenly, or to the entity that the ledger
-- itself names. A day without quantities keeps its cost, without an entity; so does one whose revenue is in several
-- currencies, of which nobody can say who earned more. Guarantees that the parts add up to int_metric_costs exactly.
{%- set measures = ['cost', 'effective_cost', 'credit_cost', 'tax_cost'] %}

with costs as (

    select * from {{ ref('int_metric_costs') }}
    where {{ is_of_months_made('charge_date') }}

),

quantities as (

    select * from {{ ref('int_metric_quantities') }}
    where {{ is_of_months_made('usage_date') }}

),

portions as (

    select
        *,
        case
            when split = 'evenly' then 1
            when split <> 'revenue' then quantity
            when revenue <= 0 then 0
            when
                min(revenue_currency) over days = max(revenue_currency) over days
                and sum(case when has_revenue and revenue_currency is null then 1 else 0 end) over days = 0
                then revenue
        end as portion
    from quantities
    window days as (partition by usage_date, metric)

),

portions_of_days as (

    select
        *,
        max(portion) over (partition by usage_date, metric) as largest_portion
    from portions

),

weights as (

    select
        costs.pool_id,
        portions_of_days.entity as consumer_key,
        coalesce({{ weight_of('portions_of_days.portion', 'portions_of_days.largest_portion') }}, 0) as weight
    from costs
    inner join portions_of_days
        on
            costs.metric = portions_of_days.metric
            and costs.charge_date = portions_of_days.usage_date
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
    costs.has_cost_without_driver,
    parts.share,
    {%- for measure in measures %}
    parts.{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from parts
inner join costs
    on parts.pool_id = costs.pool_id
