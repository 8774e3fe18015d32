"""Is a day's cost unlike its series' past? The verdicts are those of `fct_anomalies`; the checks only tell them.

A fault of the data (a day of an account that is missing, zero or there twice) blocks publishing, once the feed's own
lateness is over: marts would show it as money saved or spent. All else warns: what somebody switched off or on
must not stop the books. What was acknowledged (`anomalies.yaml`) is told no more.
"""

import json
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from finops_pipeline.checks.anomaly_plot import plot
from finops_pipeline.checks.outcome import CheckOutcome, Offender, cell, counted
from finops_pipeline.publish.engine import quoted

DAYS_TOLD = 7
"""A week of mornings: what nobody looked at over a weekend or a holiday is still shown on Monday."""
DAYS_BLOCKED = 14
"""A fault of the data that two weeks of books were published with is history; it still stands in fct_anomalies."""
_EVER = 100 * 366
PLOTS = 3

FAULTS = ("missing", "zero", "duplicated")

NEW = "nothing: it is new"
"""What was expected where the past of a series gives no range."""


@dataclass(frozen=True)
class Anomaly:
    """A row of `fct_anomalies`, with what its plot needs."""

    anomaly_id: str
    charge_date: date
    detected_on: date
    name: str
    kind: str
    billing_currency: str
    observed: Decimal | None
    expected: Decimal
    lower: Decimal | None
    upper: Decimal | None
    impact: Decimal
    drivers: dict
    history: list[float | None]
    history_position: int
    """Where in its history the day stands."""

    @property
    def subject(self) -> str:
        """What it is called in a check's results."""
        return f"{self.name} {self.charge_date} {self.kind}"

    @property
    def band(self) -> tuple[Decimal, Decimal] | None:
        """What its past makes likely; of what is new nothing is."""
        return None if self.lower is None or self.upper is None else (self.lower, self.upper)

    def offender(self) -> Offender:
        """What was seen and what was expected, in money."""
        likely = NEW
        if self.band:
            lower, upper = self.band
            likely = f"{lower:,.2f} to {upper:,.2f} ({self.expected:,.2f})"
        seen = "no row" if self.observed is None else f"{self.observed:,.2f} {self.billing_currency}"
        return Offender(
            self.subject,
            f"{seen} ({self.impact:+,.2f}); {why(self.drivers)}; id {self.anomaly_id}",
            likely,
        )


def daily_cost_is_usual(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """No series shows a cost, price or share that its own past does not explain.

    Args:
        warehouse: has `fct_anomalies`, `int_anomalies_found` and `int_daily_series`.
    """
    found = [a for a in _unexplained(warehouse, DAYS_TOLD) if not _is_fault_of_an_account(a)]
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
        published: `marts.duckdb` of the current version: a fault of any age that it has not got, because the day came
            anew, is none that books were published with.
    """
    faults = [a for a in _unexplained(warehouse, _EVER) if _is_fault_of_an_account(a)]
    blocked = {a.anomaly_id for a in _unexplained(warehouse, DAYS_BLOCKED)}
    blocked |= _restated(warehouse, published, [a.anomaly_id for a in faults if a.anomaly_id not in blocked])
    found = [a for a in faults if a.anomaly_id in blocked]
    return _outcome(
        found,
        _watched(warehouse, "where scope = 'account'"),
        expected="every account that is billed every day has each day once",
        next_step=(
            "Ask whether the export was off or ran twice, and have the month delivered again. If the account was "
            "switched off or really cost that: finops anomalies ack ID --as expected, and run again."
        ),
    )


def _is_fault_of_an_account(anomaly: Anomaly) -> bool:
    return anomaly.name.startswith("account ") and anomaly.kind in FAULTS


def _watched(warehouse: duckdb.DuckDBPyConnection, condition: str = "") -> int:
    query = f"select count(distinct (scope, metric, source_name, provider_name, service_name, entity)) from {_SERIES}"
    return (warehouse.execute(f"{query} {condition}").fetchone() or (0,))[0]


_SERIES = "int_daily_series"

_QUERY = f"""
    with newest as (select max(as_of) as as_of from {_SERIES})
    select a.anomaly_id, a.charge_date, a.detected_on,
        a.scope || ' ' || coalesce(a.source_name || ' ', '') || a.entity, a.kind, a.billing_currency,
        a.observed_cost, a.expected_cost, a.lower, a.upper, a.impact, a.drivers, f.history, f.history_position
    from fct_anomalies as a
    inner join int_anomalies_found as f on a.anomaly_id = f.anomaly_id
    cross join newest
    where a.feedback is null and a.detected_on > newest.as_of - cast($days as integer)
    order by abs(a.impact) desc, a.anomaly_id
"""


def _unexplained(warehouse: duckdb.DuckDBPyConnection, days: int) -> list[Anomaly]:
    rows = warehouse.execute(_QUERY, {"days": days}).fetchall()
    names = [field.name for field in fields(Anomaly)]
    found = (dict(zip(names, row, strict=True)) for row in rows)
    return [Anomaly(**anomaly | {"drivers": json.loads(anomaly["drivers"])}) for anomaly in found]


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


def _outcome(found: list[Anomaly], watched: int, *, expected: str, next_step: str) -> CheckOutcome:
    details = {}
    if found:
        sums: dict[str, Decimal] = {}
        for anomaly in found:
            sums[anomaly.billing_currency] = sums.get(anomaly.billing_currency, Decimal(0)) + anomaly.impact
        details = {
            "impact": ", ".join(f"{amount:+,.2f} {currency}" for currency, amount in sorted(sums.items())),
            "drivers": drivers_table(found),
            "actual against the band": "\n\n".join(f"**{cell(a.subject)}**\n\n{_image(a)}" for a in found[:PLOTS]),
        }
    return CheckOutcome(
        observed=f"{counted(len(found), 'anomaly')} in {watched:,} series",
        expected=expected,
        next_step=next_step,
        offenders=[anomaly.offender() for anomaly in found],
        details=details,
    )


def _image(anomaly: Anomaly) -> str:
    band = anomaly.band
    limits = band and (float(band[0]), float(band[1]))
    return plot(anomaly.history, anomaly.history_position, anomaly.charge_date, limits)


def why(drivers: dict) -> str:
    """The drivers in a few words: what moved, or the first dimension's elements and the largest part of the change."""
    moved = drivers.get("moved")
    if moved:
        return f"moved, not spent: from {', '.join(moved['left'])} to {', '.join(moved['arrived'])}"
    elements = drivers.get("elements") or []
    first = [f"{e['element']} {float(e['share']):.0%}" for e in elements if e["dimension"] == elements[0]["dimension"]]
    parts = {name: Decimal(amount) for name, amount in drivers["decomposition"].items() if name != "change"}
    largest = max(parts, key=lambda name: abs(parts[name]))
    by = f"mostly {largest} {parts[largest]:+,.2f}" if parts[largest] else "nothing changed by the meters"
    return f"{elements[0]['dimension']} {', '.join(first[:3])}; {by}" if first else by


def drivers_table(found: list[Anomaly]) -> str:
    """The anomalies with their drivers and where to look, as a Markdown table."""
    lines = ["| anomaly | id | impact | drivers | look at |", "|---|---|---:|---|---|"]
    for anomaly in found[:20]:
        resources = [f"{r['resource']} ({Decimal(r['change']):+,.2f})" for r in anomaly.drivers.get("resources", [])]
        columns = (
            anomaly.subject,
            anomaly.anomaly_id,
            f"{anomaly.impact:+,.2f} {anomaly.billing_currency}",
            why(anomaly.drivers),
            "; ".join(resources),
        )
        lines.append(f"| {' | '.join(cell(text) for text in columns)} |")
    return "\n".join(lines)
