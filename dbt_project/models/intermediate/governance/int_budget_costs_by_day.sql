-- What each budget's part of the ledger cost on each day, 0 where it cost nothing. Days run without gaps from the
-- ledger's first to the newest that nobody is still delivering: every source that is alive has usage of it, and
-- somebody has usage of a later day.
with budgets as (

    select * from {{ landed(source('raw', 'budgets')) }}

),

charges as (

    select * from {{ ref('int_charges_by_day') }}

),

costs as (

    select * from {{ ref('int_budget_costs') }}

),

newest_days as (

    select
        source_name,
        max(charge_date) as newest_day,
        max(max(charge_date)) over () as newest_of_all
    from charges
    where is_usage
    group by source_name

),

-- a source without usage for a week is no longer waited for: every_source_is_fresh tells of it
known_days as (

    select
        (select min(charges.charge_date) from charges) as first_day,
        least(
            min(case when newest_day >= {{ days_before('newest_of_all', 7) }} then newest_day end),
            {{ days_before('max(newest_of_all)', 1) }}
        ) as last_day
    from newest_days

),

days as (

    select {{ each_day('first_day', 'last_day') }} as charge_date
    from known_days
    where first_day <= last_day

)

select
    budgets.budget_key,
    days.charge_date,
    cast(coalesce(costs.cost, 0) as {{ money_type() }}) as cost,
    coalesce(costs.uncounted, 0) as uncounted,
    min(case when costs.cost <> 0 then days.charge_date end) over (
        partition by budgets.budget_key
        order by days.charge_date
    ) as first_cost_date
from days
cross join budgets
left join costs
    on
        budgets.budget_key = costs.budget_key
        and days.charge_date = costs.charge_date
