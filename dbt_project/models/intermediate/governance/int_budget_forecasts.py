"""What each budget's costs will have added up to by the end of the month, seen from each day.

Not SQL of its own, so that the forecast is the measured one: `finops_pipeline/detect/month_end_forecast.sql`.
"""

from finops_pipeline.detect.forecast import FORECAST_SQL

DAYS_OF_HISTORY = 28
"""Below four weeks a weekday has fewer than four days to take the median of."""

QUERY = f"""
    with daily_costs as (
        select budget_key as series_id, charge_date, cast(cost as double) as cost
        from budget_costs
        where charge_date >= first_cost_date
    ),
    forecast_origins as (
        select budget_key as series_id, charge_date as as_of
        from budget_costs
        where charge_date >= first_cost_date + {DAYS_OF_HISTORY - 1}
    ),
    forecasts as ({FORECAST_SQL})
    -- to the cent: a statistic, and the same on every run however many threads added it up
    select
        series_id as budget_key,
        as_of,
        cast(round(forecast_cost - known_cost, 2) as decimal(38, 18)) as rest_of_month,
        case
            when backtests >= 3
                then cast(round((forecast_upper - forecast_lower) / 2, 2) as decimal(38, 18))
        end as half_width,
        cast(backtests as integer) as backtests
    from forecasts
    order by budget_key, as_of
"""


def model(dbt, session):
    """One row per budget and day from its 28th day of cost on."""
    dbt.config(materialized="table")
    budget_costs = dbt.ref("int_budget_costs_by_day")
    return budget_costs.query("budget_costs", QUERY)
