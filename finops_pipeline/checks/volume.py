"""Does each usage feed bring as much as it always does? A feed cut off in the middle parses well and shares wrongly."""

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, Subject, some_of

DAY_OF = {
    **dict.fromkeys(("gpu_hours", "gpu_capacity", "compute_hours", "inference", "tokens"), "cast(usage_start as date)"),
    **dict.fromkeys(("storage_bytes", "storage_access", "jobs", "api_calls", "driver"), "usage_date"),
}
"""Kinds of feeds that tell of every day, and the day of a row. Runs happen when they happen, metrics may be monthly."""

STEADY_WITHIN = 2
"""A feed has a usual volume where its four weekdays before differ by no more than this factor, and leaves it beyond."""

DAYS_JUDGED = 7
"""Days before the newest, which may be half delivered: the check warns for a week, then the day is history."""


def feeds_have_their_usual_volume(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """Steady usage feeds had, on each of the last seven days, as many rows as on the same weekdays before.

    Args:
        warehouse: has the staging models of the usage feeds, `stg_usage__<kind>`.
    """
    feeds = warehouse.execute(_query()).fetchall()
    offenders, steady = [], {}
    for source, kind, day, rows, least, most in feeds:
        steady.setdefault((source, kind), []).append(rows)
        if rows * STEADY_WITHIN < least or rows > most * STEADY_WITHIN:
            usual = f"{least:,} to {most:,}, as on the weekdays before"
            offenders.append(Offender(f"{source} {kind} {day:%Y-%m-%d}", f"{rows:,} rows", usual))
    off = {offender.subject.rsplit(" ", 1)[0] for offender in offenders}
    return CheckOutcome(
        observed=some_of(len(off), len(steady), "steady feed", "has", "have")
        + " days with far fewer or more rows than usual",
        expected="a steady feed has as many rows as on the four same weekdays before, within a factor of 2",
        next_step="Look at what writes the feed and deliver the day again: half a feed gives half the users all cost.",
        offenders=offenders,
        confirmed=[
            Subject(f"{source} {kind}", f"{min(rows):,} to {max(rows):,} rows a day", "the usual number")
            for (source, kind), rows in sorted(steady.items())
            if f"{source} {kind}" not in off
        ],
    )


def _query() -> str:
    counted = " union all ".join(
        f"select source_name, '{kind}' as kind, {day} as day, count(*) as found from stg_usage__{kind} group by all"
        for kind, day in DAY_OF.items()
    )
    weeks = [f"lag(found, {7 * week}) over feed_by_day" for week in range(1, 5)]
    return f"""
        with counted as ({counted}),
        calendar as (
            select source_name, kind, max(day) as newest,
                cast(unnest(generate_series(min(day), max(day), interval 1 day)) as date) as day
            from counted
            group by source_name, kind
        ),
        days as (
            select calendar.*, coalesce(counted.found, 0) as found
            from calendar
            left join counted using (source_name, kind, day)
        ),
        compared as (
            select *, least({", ".join(weeks)}) as least_before, greatest({", ".join(weeks)}) as most_before,
                {weeks[-1]} is not null as is_old_enough
            from days
            window feed_by_day as (partition by source_name, kind order by day)
        )
        select source_name, kind, day, found, least_before, most_before
        from compared
        where is_old_enough and day < newest and day >= newest - {DAYS_JUDGED}
            and least_before > 0 and most_before <= {STEADY_WITHIN} * least_before
        order by all"""
