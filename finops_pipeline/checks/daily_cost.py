"""Is a day's cost unlike the days before it? A first, simple rule: it warns, it never blocks.

Per source, service and currency, a day is compared with the 28 days before it (never with itself): expected is their
median, and the range around it is the widest of three allowances:

- six times the usual deviation (median absolute deviation, scaled to a standard deviation): the series' own noise;
- its own second largest deviation of those days, with a quarter as margin: what jumps every weekend may go on doing
  so, and one incident does not hide the next;
- 2 % of the source's usual day: what is too small to get up for.

Only usage counts: taxes, credits, purchases and fees fall on one day of the month by nature. What it gets wrong:
a level that moved for good is told on its first two days only, and a slow ramp is never seen.
"""

from datetime import datetime

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender

DAYS_EXAMINED = 7
"""A week of mornings: what nobody looked at over a weekend or a holiday is still shown on Monday."""

HOURS_UNTIL_MATURE = 48
"""Clouds go on delivering a day's lines for about two days; before that a fall is only lateness."""

DAYS_OF_HISTORY_NEEDED = 10
"""Below this a median says little; a new service is not compared."""


def daily_cost_is_usual(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> CheckOutcome:
    """Every mature day of the last week lies in the range of the 28 days before it.

    Args:
        warehouse: has `fct_cost_allocations`.
        now: the run's clock; days that ended less than 48 hours ago are not judged yet.
    """
    rows = warehouse.execute(_QUERY, {"now": now.replace(tzinfo=None)}).fetchall()
    examined, offenders = len(rows), []
    for source, service, currency, day, observed, expected, lower, upper, is_unusual in rows:
        if is_unusual:
            offenders.append(
                Offender(
                    f"{source} {service} {day}",
                    f"{observed:,.2f} {currency} ({observed - expected:+,.2f})",
                    f"{lower:,.2f} to {upper:,.2f} (median {expected:,.2f})",
                )
            )
    return CheckOutcome(
        observed=f"{len(offenders)} of {examined} service-days are unlike the days before them",
        expected="the cost of a day lies in the range of the 28 days before it",
        next_step="Look at the resources behind the worst ones in focus_cost_and_usage; ask their owner what changed.",
        offenders=offenders,
    )


_QUERY = f"""
    with daily as (
        select source_name, service_name, billing_currency, charge_date,
            cast(sum(allocated_effective_cost) as double) as cost
        from fct_cost_allocations
        where charge_category = 'Usage' and service_name is not null
        group by all
    ),
    -- a service without a line on a day cost nothing that day, from its first day to the source's newest
    source_days as (
        select source_name, min(charge_date) as first_day, max(charge_date) as last_day from daily group by all
    ),
    series as (
        select source_name, service_name, billing_currency, min(charge_date) as first_day from daily group by all
    ),
    calendar as (
        select series.* exclude (first_day), cast(unnest(generate_series(
            cast(series.first_day as timestamp), cast(source_days.last_day as timestamp), interval 1 day
        )) as date) as charge_date
        from series
        inner join source_days using (source_name)
    ),
    filled as (
        select calendar.*, coalesce(daily.cost, 0) as cost
        from calendar
        left join daily using (source_name, service_name, billing_currency, charge_date)
    ),
    -- what is small is small beside the whole source's usual day
    source_scale as (
        select source_name, billing_currency, median(cost) as usual_day
        from (select source_name, billing_currency, charge_date, sum(cost) as cost from filled group by all)
        group by all
    ),
    with_history as (
        select *, list(cost) over before as history
        from filled
        window before as (
            partition by source_name, service_name, billing_currency order by charge_date
            rows between 28 preceding and 1 preceding
        )
    ),
    expected as (
        select *, list_median(history) as expected
        from with_history
        where len(history) >= {DAYS_OF_HISTORY_NEEDED}
            and cast(charge_date as timestamp) + interval 1 day + interval {HOURS_UNTIL_MATURE} hours <= $now
    ),
    with_deviations as (
        select *, list_transform(history, lambda past: abs(past - expected)) as deviations from expected
    ),
    ranged as (
        select *, greatest(
            6 * 1.4826 * list_median(deviations), 1.25 * list_reverse_sort(deviations)[2], 0.02 * usual_day
        ) as allowance
        from with_deviations
        inner join source_scale using (source_name, billing_currency)
    ),
    recent as (
        select *, abs(cost - expected) > allowance as is_unusual
        from ranged
        qualify charge_date > max(charge_date) over (partition by source_name) - {DAYS_EXAMINED}
    )
    select source_name, service_name, billing_currency, charge_date, cost, expected,
        expected - allowance as lower, expected + allowance as upper, is_unusual
    from recent
    order by is_unusual desc, abs(cost - expected) desc, source_name, service_name, charge_date
"""
