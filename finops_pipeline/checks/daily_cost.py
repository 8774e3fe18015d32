"""Is a day's cost unlike its series' past? The verdicts are those of `fct_anomalies`; the checks only tell them.

A fault of the data (a day of an account that is missing, zero or there twice) blocks publishing, once the feed's own
lateness is over: marts would show it as money saved or spent. All else warns: what somebody switched off or on
must not stop the books. Google's accounts are projects, which people do switch off: what one lacks is a fault of the
data where it is most of what the source bills. What was acknowledged (`anomalies.yaml`) is told no more.
"""

from dataclasses import fields
from datetime import date
from pathlib import Path

import duckdb

from finops_pipeline.checks.anomaly_words import NAMED, Anomaly, anomaly_of, details
from finops_pipeline.checks.outcome import CheckOutcome, counted
from finops_pipeline.detect.incidents import FAULTS
from finops_pipeline.detect.walk import WARM_UP
from finops_pipeline.publish.engine import quoted

DAYS_TOLD = 7
"""A week of mornings: what nobody looked at over a weekend or a holiday is still shown on Monday."""
DAYS_BLOCKED = 14
"""A fault of the data that two weeks of books were published with is history; it still stands in fct_anomalies."""
_EVER = 100 * 366


def daily_cost_is_usual(warehouse: duckdb.DuckDBPyConnection, published: Path | None = None) -> CheckOutcome:
    """No series shows a cost, price or share that its own past does not explain.

    Args:
        warehouse: has `fct_anomalies`, `int_anomalies_found`, `int_daily_series` and `int_charges_by_day`.
        published: `marts.duckdb` of the current version: what was seen since then has been told by no published run.
    """
    seen = _unexplained(warehouse, DAYS_TOLD, _published_on(published))
    found = [a for a in seen if not a.is_fault]
    return _outcome(
        found,
        _watched(warehouse),
        expected="every day lies in the range that the series' own past makes likely",
        next_step=(
            "Ask the owner named by the drivers what changed and look at the resources. When it is explained: "
            "finops anomalies ack ID --as expected; when it never was one: --as not-an-anomaly."
        ),
    )


def every_account_day_is_there_once(
    warehouse: duckdb.DuckDBPyConnection, published: Path | None = None
) -> CheckOutcome:
    """No account that is billed every day has a day that is missing, zero or delivered twice.

    Args:
        warehouse: as above, and `focus_cost_and_usage`. A day is judged when its feed's usual lateness is over.
        published: `marts.duckdb` of the current version: a fault of any age that it has not got, because it was seen
            since or the day came anew, is none that books were published with.
    """
    faults = [a for a in _unexplained(warehouse, _EVER) if a.is_fault]
    blocked = {a.anomaly_id for a in _unexplained(warehouse, DAYS_BLOCKED, _published_on(published))}
    blocked |= _restated(warehouse, published, [a.anomaly_id for a in faults if a.anomaly_id not in blocked])
    found = [a for a in faults if a.anomaly_id in blocked]
    return _outcome(
        found,
        _watched(warehouse, "scope = 'account'"),
        expected="every account that is billed every day has each day once",
        next_step=(
            "Ask whether the export was off or ran twice, and have the month delivered again. If the account was "
            "switched off or really cost that: finops anomalies ack ID --as expected, and run again."
        ),
    )


_SERIES = "int_daily_series"
_KEY = "scope, metric, source_name, provider_name, service_name, entity, billing_currency"


def _watched(warehouse: duckdb.DuckDBPyConnection, condition: str = "true") -> str:
    """How many series there are, and how many of them are too young to be judged: of those nothing is known."""
    row = warehouse.execute(
        f"""
        with series as (
            -- an account is known from its own first day on, all else from when it could have cost something
            select max(last_day) + 1 - min(if(scope = 'account', charge_date, first_day)) as age
            from {_SERIES} where {condition} group by {_KEY}
        )
        select count(*), count(*) filter (age < {WARM_UP}) from series
        """
    ).fetchone()
    watched, young = row or (0, 0)
    are = "is" if young == 1 else "are"
    unjudged = f"; {young:,} of them {are} known for less than {WARM_UP} days and not judged yet" if young else ""
    return f"{watched:,} series{unjudged}"


_QUERY = f"""
    with newest as (select max(as_of) as as_of from {_SERIES}),
    faults as (
        select *, abs(coalesce(cast(drivers->>'$.accounts.impact' as decimal(38, 18)), impact)) as amount
        from fct_anomalies where scope = 'account' and kind in {FAULTS}
    ),
    of_few_projects as (
        -- less than half of what Google billed on a day of the week before
        select faults.anomaly_id
        from faults
        inner join int_charges_by_day as charges
            on faults.source_name = charges.source_name
            and faults.billing_currency = charges.billing_currency
            and charges.charge_date between faults.charge_date - 7 and faults.charge_date - 1
        where charges.is_usage and charges.provider_name = 'Google Cloud'
        group by faults.anomaly_id
        having any_value(faults.amount) < sum(charges.cost) / 7 / 2
    )
    select a.anomaly_id, a.charge_date, a.detected_on, {NAMED} as name, a.kind, a.billing_currency,
        a.observed_cost as observed, a.expected_cost as expected, a.lower, a.upper, a.impact, a.reporting_currency,
        a.impact_reporting, a.drivers, f.history, f.history_position,
        a.anomaly_id in (
            select anomaly_id from faults where anomaly_id not in (select anomaly_id from of_few_projects)
        ) as is_fault
    from fct_anomalies as a
    inner join (select anomaly_id, history, history_position from int_anomalies_found) as f
        on a.anomaly_id = f.anomaly_id
    cross join newest
    where a.feedback is null
        and (a.detected_on > newest.as_of - cast($days as integer) or a.detected_on >= cast($since as date))
    -- amounts of different currencies can be compared in the company's alone
    order by abs(coalesce(a.impact_reporting, a.impact)) desc, a.anomaly_id
"""


def _unexplained(warehouse: duckdb.DuckDBPyConnection, days: int, since: date | None = None) -> list[Anomaly]:
    """What was seen first in the last mornings, or since a day, and nobody has explained; the largest money first."""
    rows = warehouse.execute(_QUERY, {"days": days, "since": since}).fetchall()
    names = [field.name for field in fields(Anomaly)]
    return [anomaly_of(dict(zip(names, row, strict=True))) for row in rows]


def _published_on(published: Path | None) -> date | None:
    """The day of the run that made the published version; nobody was told of what was seen later."""
    if published is None:
        return None
    with duckdb.connect(str(published), read_only=True) as marts:
        [(day,)] = marts.execute("select cast(max(checked_at) as date) from fct_check_results").fetchall()
    return day


_UNPUBLISHED = """
    select anomaly_id from fct_anomalies
    where anomaly_id in (select unnest($ids)) and anomaly_id not in (select anomaly_id from published.fct_anomalies)
"""

_RESTATED = """
    with faults as (
        select anomaly_id, source_name, entity, billing_currency, charge_date
        from fct_anomalies where anomaly_id in (select unnest($ids))
    ),
    charges as (
        select * from (
            select *, 1 as side from focus_cost_and_usage union all by name
            select *, -1 as side from published.focus_cost_and_usage
        )
        where "ChargePeriodStart" >= (select min(charge_date) from faults)
            and "ChargePeriodStart" < (select max(charge_date) + interval 1 day from faults)
    )
    select faults.anomaly_id
    from faults
    inner join charges
        on faults.source_name = charges."x_SourceName"
        and faults.entity = coalesce(charges."SubAccountId", charges."BillingAccountId")
        and faults.billing_currency = charges."BillingCurrency"
        and faults.charge_date = cast(charges."ChargePeriodStart" as date)
    group by faults.anomaly_id
    having sum(charges.side * charges."EffectiveCost") <> 0
"""


def _restated(warehouse: duckdb.DuckDBPyConnection, published: Path | None, faults: list[str]) -> set[str]:
    """Of faults seen long ago, those of days that cost something else in the published version.

    A fault that only another way of detection sees is in the published books, whatever they called it.
    """
    if published is None or not faults:
        return set()
    warehouse.execute(f"attach {quoted(published)} as published (read_only)")
    try:
        unknown = [number for (number,) in warehouse.execute(_UNPUBLISHED, {"ids": faults}).fetchall()]
        rows = warehouse.execute(_RESTATED, {"ids": unknown}).fetchall() if unknown else []
    finally:
        warehouse.execute("detach published")
    return {number for (number,) in rows}


def _outcome(found: list[Anomaly], watched: str, *, expected: str, next_step: str) -> CheckOutcome:
    return CheckOutcome(
        observed=f"{counted(len(found), 'anomaly')} in {watched}",
        expected=expected,
        next_step=next_step,
        offenders=[anomaly.offender() for anomaly in found],
        details=details(found),
    )
