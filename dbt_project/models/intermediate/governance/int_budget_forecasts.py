"""What each budget's costs will have added up to by the end of the month, seen from each day.

Not SQL of its own, so that the forecast is the measured one: `finops_pipeline/detect/month_end_forecast.sql`.
"""

import hashlib
import os
from datetime import timedelta

import duckdb

from finops_pipeline.detect.forecast import FORECAST_SQL

DAYS_OF_HISTORY = 28
"""Below four weeks a weekday has fewer than four days to take the median of."""

DAYS_SEEN = 400
"""The most that a forecast looks back, so that a run costs what its new days cost, however long the history is."""

DAYS_AT_ONCE = timedelta(days=366)
"""The forecasts of three years at once would take all the memory that a run has."""

MADE = "forecasts_made"
"""The forecasts of the run before, with what each was made from: a day sees nothing that comes later, so one whose past
is what it was is not forecast again."""

COLUMNS = {
    "budget_key": "varchar",
    "as_of": "date",
    "made_from": "hugeint",
    "rest_of_month": "decimal(38, 18)",
    "half_width": "decimal(38, 18)",
    "backtests": "integer",
}

ORIGINS = f"""
    with days as (
        select
            *,
            -- all days that the forecast sees, with what turns them into one
            sum(cast(hash(charge_date, cost, $made_with) as hugeint)) over (
                partition by budget_key order by charge_date rows between {DAYS_SEEN} preceding and current row
            ) as made_from
        from budget_costs
        where charge_date >= first_cost_date
    ),
    origins as (
        select budget_key, charge_date as as_of, made_from
        from days
        where charge_date >= first_cost_date + {DAYS_OF_HISTORY - 1}
    )
"""

FIRST_TO_MAKE = f"{ORIGINS} select min(as_of) from origins anti join {MADE} using (budget_key, as_of, made_from)"

QUERY = f"""
    {ORIGINS},
    made as (
        select {MADE}.*
        from {MADE}
        inner join origins using (budget_key, as_of, made_from)
    ),
    forecast_origins as (
        select budget_key as series_id, as_of
        from origins
        anti join made using (budget_key, as_of)
        where as_of <= $until
    ),
    first_origins as (
        select series_id, min(as_of) as as_of
        from forecast_origins
        group by series_id
    ),
    daily_costs as (
        select first_origins.series_id, days.charge_date, cast(days.cost as double) as cost
        from days
        inner join first_origins
            on days.budget_key = first_origins.series_id and days.charge_date >= first_origins.as_of - {DAYS_SEEN}
    ),
    forecasts as ({FORECAST_SQL})
    select {", ".join(COLUMNS)} from made
    union all
    -- to the cent: a statistic, and the same on every run however many threads added it up, from whatever day on; to
    -- six digits first, since a flat fee may well come to half a cent, which the last bit would round up or down.
    -- Eighteen digits of a double would show that bit, too.
    select
        origins.budget_key,
        origins.as_of,
        origins.made_from,
        cast(cast(round(forecasts.forecast_cost - forecasts.known_cost, 6) as decimal(38, 2)) as decimal(38, 18)),
        case
            when forecasts.backtests >= 3
                then cast(
                    cast(round((forecasts.forecast_upper - forecasts.forecast_lower) / 2, 6) as decimal(38, 2))
                    as decimal(38, 18)
                )
        end,
        cast(forecasts.backtests as integer)
    from forecasts
    inner join origins
        on forecasts.series_id = origins.budget_key and forecasts.as_of = origins.as_of
    order by budget_key, as_of
"""


def forecasts(connection, budget_costs, *, anew):
    """All forecasts of the budgets' daily costs (an Arrow table).

    Those that were made before from the same days are kept, unless all are to be made `anew`.
    """
    connection.register("budget_costs", budget_costs)
    columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
    connection.execute(f"create {'or replace table' if anew else 'table if not exists'} {MADE} ({columns})")
    made_with = hashlib.sha256(f"{duckdb.__version__} {QUERY}".encode()).hexdigest()
    (first,) = connection.execute(FIRST_TO_MAKE, {"made_with": made_with}).fetchone()
    (last,) = connection.execute("select max(charge_date) from budget_costs").fetchone()
    until = first or last
    while True:
        until = until and min(until + DAYS_AT_ONCE, last)
        connection.execute(f"create or replace table {MADE} as {QUERY}", {"made_with": made_with, "until": until})
        if until == last:
            break
    return connection.sql(f"select * exclude (made_from) from {MADE} order by budget_key, as_of").to_arrow_table()


def model(dbt, session):
    """One row per budget and day from its 28th day of cost on."""
    dbt.config(materialized="table")
    budget_costs = dbt.ref("int_budget_costs_by_day").to_arrow_table()
    return forecasts(session, budget_costs, anew=bool(os.environ.get("FINOPS_REBUILD")))
