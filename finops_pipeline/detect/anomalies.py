"""The anomalies of a company, as the rows of `int_anomalies_found`: from daily series to incidents with drivers."""

import logging
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from finops_pipeline.detect.drivers import EXACT
from finops_pipeline.detect.drivers_text import drivers_text, metered
from finops_pipeline.detect.evidence import Evidence
from finops_pipeline.detect.findings import Finding, findings_in, judge
from finops_pipeline.detect.incidents import FAULTS, Told, age_of, incidents, is_bad_news, told
from finops_pipeline.detect.judged import read_judged
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.series import KEY, Series, panel_of_series

_log = logging.getLogger(__name__)

SHOWN_DAYS = 92
"""What was first seen longer ago than a quarter is history."""
KEPT = 500
"""Findings that are looked into, the largest first, besides the faults of accounts: more on one company is noise."""

SCHEMA = pa.schema(
    [
        ("anomaly_id", pa.string()),
        ("charge_date", pa.date32()),
        ("detected_on", pa.date32()),
        *((name, pa.string()) for name in KEY),
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("direction", pa.string()),
        *((name, pa.decimal128(38, 18)) for name in ("observed_cost", "expected_cost", "lower", "upper")),
        ("score", pa.float64()),
        ("incident_series", pa.int32()),
        ("drivers", pa.string()),
        ("history", pa.list_(pa.float64())),
        ("history_position", pa.int32()),
    ]
)
LEAST = 0.001
"""Share of the company's usual day below which nothing is told; faults of an account always are."""
HISTORY = 35
"""Days before the anomaly that are kept for its plot."""


def anomalies(
    series: pa.Table, charges: duckdb.DuckDBPyRelation, ledger: duckdb.DuckDBPyRelation, judged: Path | None = None
) -> pa.Table:
    """One row per incident.

    Args:
        series: the rows of `int_daily_series`, in any order.
        charges: `focus_cost_and_usage`.
        ledger: `fct_cost_allocations` with `cluster`.
        judged: the file in which a run leaves what it judged to the next one; the rows are the same without it.
    """
    if not series.num_rows:
        return SCHEMA.empty_table()
    watched, panel = panel_of_series(series)
    known = judge(panel, read_judged(judged) if judged else None)
    if judged:
        known.write(judged)
    least = _least_impacts(watched, panel)
    newest = np.datetime64(int((panel.first_day + panel.last_morning).max()), "D")
    told_of: list[tuple[Series, Finding, int]] = []
    row_of = {str(name): row for row, name in enumerate(panel.series)}
    for finding in findings_in(known):
        number = row_of[finding.series_id]
        finding = settled(finding, float(panel.cost[number, _column(finding, panel, number)]))
        if is_withdrawn(finding):
            continue
        small = abs(finding.impact) < least.get(watched[number].billing_currency, 0.0)
        if small and not (watched[number].scope == "account" and finding.kind in FAULTS):
            continue
        if newest - finding.as_of < np.timedelta64(SHOWN_DAYS, "D") and is_bad_news(watched[number], finding):
            told_of.append((watched[number], finding, age_of(finding, int(panel.first_day[number]))))
    told_of = _worth_looking_into(told_of)
    evidence = Evidence(charges, ledger, [finding.date.astype(date) for _, finding, _ in told_of])
    heads = incidents([told(*each, evidence) for each in told_of])
    rows = [_row(head, evidence, _history(head, panel, row_of[head.finding.series_id])) for head in heads]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: (row["charge_date"], row["anomaly_id"])), schema=SCHEMA)


def settled(finding: Finding, cost: float) -> Finding:
    """A finding with what its day costs by now: a late feed's early morning showed less of it, or more."""
    if finding.observed is None or not np.isfinite(cost):
        return finding
    return replace(finding, observed=cost, impact=cost - finding.expected)


def is_withdrawn(finding: Finding) -> bool:
    """A spike that an early morning made likely, and that the day has turned out not to be."""
    return finding.kind == "spike" and (finding.impact > 0) != (finding.direction == "up")


def _worth_looking_into(found: list[tuple[Series, Finding, int]]) -> list[tuple[Series, Finding, int]]:
    """Every fault of an account, for it holds publishing back, and the largest others; the log tells the rest."""
    faults = [each for each in found if each[0].scope == "account" and each[1].kind in FAULTS]
    others = [each for each in found if not (each[0].scope == "account" and each[1].kind in FAULTS)]
    others = sorted(others, key=lambda t: (-abs(t[1].impact), t[1].series_id))
    if len(others) > KEPT:
        least = abs(others[KEPT - 1][1].impact)
        _log.warning(
            "%d findings of the last %d days, none above %.2f, are left out of the anomalies: %d larger ones are told",
            len(others) - KEPT, SHOWN_DAYS, least, KEPT,
        )  # fmt: skip
    return faults + others[:KEPT]


def _least_impacts(watched: list[Series], panel: Panel) -> dict[str, float]:
    """By currency what is worth telling: a thousandth of the company's usual day."""
    return {
        series.billing_currency: LEAST * float(np.nanmedian(np.abs(panel.cost[row, : panel.length[row]])))
        for row, series in enumerate(watched)
        if series.scope == "total"
    }


def _history(head: Told, panel: Panel, row: int) -> dict[str, Any]:
    """The series' last weeks up to what the morning saw, and where in them the day stands."""
    column = _column(head.finding, panel, row)
    start = max(0, column - HISTORY)
    days = panel.cost[row, start : min(column + 4, int(panel.length[row]))]
    costs = [round(float(cost), 2) if np.isfinite(cost) else None for cost in days]
    return {"history": costs, "history_position": column - start}


def _column(finding: Finding, panel: Panel, row: int) -> int:
    """Where in its series' row of the panel a finding's day stands."""
    return int(finding.date.astype("datetime64[D]").astype(int) - panel.first_day[row])


def _row(head: Told, evidence: Evidence, history: dict[str, Any]) -> dict[str, Any]:
    f, s = head.finding, head.series
    services = [driver.element for driver in head.drivers if driver.dimension == "service"]
    with localcontext(EXACT):
        cost = sum((line.cost for line in head.after), Decimal(0))
    return {
        "anomaly_id": head.anomaly_id,
        "charge_date": head.day,
        "detected_on": f.as_of.astype(date),
        **{name: getattr(s, name) for name in KEY},
        "kind": head.kind,
        "channel": f.channel,
        "direction": f.direction,
        # what the lines add up to today, exactly; a day without a row has no cost that could be known
        "observed_cost": None if f.observed is None else cost,
        "expected_cost": _money(f.expected),
        "lower": _money(f.lower),
        "upper": _money(f.upper),
        "score": round(f.score, 2),
        "incident_series": 1 + len(head.also),
        "drivers": drivers_text(head, evidence.resources(metered(head).series, head.day, services)),
        **history,
    }


def _money(amount: float) -> Decimal:
    """Statistics are no money: four decimals, so that the last bits of a float change no byte."""
    return Decimal(f"{amount:.4f}")
