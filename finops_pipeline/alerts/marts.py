"""Published anomalies and budgets as findings, with an owner and an amount to explain where the ledger knows one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from finops_pipeline.alerts.finding import ANOMALY, BUDGET, PIPELINE_OWNER, Finding

DAYS_TOLD = 7
"""Anomalies found in the last week of data: the first digest must not tell a year's history."""

QUIET_STATUSES = ("ok", "kept", "within", "on_track", "unknown")
"""States of a budget that nobody has to be told."""

LEDGER_COLUMNS = {
    "provider": "provider_name",
    "source": "source_name",
    "service": "service_name",
    "account": "sub_account_id",
    "team": "team",
    "project": "project",
    "model": "model_name",
    "dataset": "dataset",
    "cluster": "cluster",
}
"""The column of the ledger that an anomaly's entity is a value of, by its scope."""


@dataclass(frozen=True)
class OfMarts:
    """The findings, and the names of those whose mart was there to be read."""

    findings: list[Finding]
    evaluated: frozenset[str]


def findings_of_marts(marts: duckdb.DuckDBPyConnection, today: date, link: Callable[[str], str]) -> OfMarts:
    """What the published marts tell; nothing of a mart that is not published."""
    readers = {"fct_anomalies": _anomalies, "fct_budget_status": _budgets}
    found = [list(read(marts, today, link(mart))) for mart, read in readers.items() if _columns(marts, mart)]
    # An anomaly is of a past day and is never over; a budget that is kept again is.
    evaluated = {BUDGET} if _columns(marts, "fct_budget_status") else set()
    return OfMarts([finding for findings in found for finding in findings], frozenset(evaluated))


def _anomalies(marts: duckdb.DuckDBPyConnection, today: date, link: str) -> Iterator[Finding]:
    rows = marts.execute(
        f"""
        select anomaly_id, charge_date, scope, entity, billing_currency, observed_cost, expected_cost, impact, kind
        from fct_anomalies
        where detected_on > ?::date - {DAYS_TOLD}
        order by abs(impact) desc, anomaly_id
        """,
        [today],
    ).fetchall()
    for anomaly_id, day, scope, entity, currency, observed, expected, impact, kind in rows:
        owner, allocation_id = _owner(marts, scope, entity, day, currency)
        yield Finding(
            key=f"{ANOMALY}/{anomaly_id}",
            name=ANOMALY,
            severity="warn",
            subject=f"{kind} of {scope} {entity or ''} on {day}".replace("  ", " "),
            told=f"{_money(observed)} {currency}; expected {_money(expected)}",
            owner=owner,
            amount=impact,
            currency=currency,
            weight=float(abs(impact or 0)),
            link=link,
            allocation_id=allocation_id,
            next_step=f"finops anomalies; then `finops anomalies ack {anomaly_id}` if it was expected",
        )


def _budgets(marts: duckdb.DuckDBPyConnection, today: date, link: str) -> Iterator[Finding]:
    rows = marts.execute(
        f"""
        select budget, owner, period, billing_currency, budget_amount, actual_to_date, forecast, status, as_of
        from fct_budget_status
        where status not in {QUIET_STATUSES}
        -- one row a budget and day: the newest of the newest period says how it stands
        qualify row_number() over (partition by budget order by as_of desc, period desc) = 1
            and as_of >= ?::date - {DAYS_TOLD}
        order by budget
        """,
        [today],
    ).fetchall()
    for budget, owner, period, currency, amount, actual, forecast, status, as_of in rows:
        worst = max((value for value in (actual, forecast) if value is not None), default=None)
        allocation_id = _owner(marts, "team", owner, as_of, currency)[1]
        yield Finding(
            key=f"{BUDGET}/{budget}/{period}/{status}",
            name=BUDGET,
            severity="warn",
            subject=f"budget {budget} of {period} is {status}",
            told=f"spent {_money(actual)} {currency}, forecast {_money(forecast)}, budget {_money(amount)}",
            owner=owner or PIPELINE_OWNER,
            amount=worst - amount if worst is not None and amount is not None else None,
            currency=currency,
            weight=float(worst / amount) if worst is not None and amount else 0.0,
            link=link,
            allocation_id=allocation_id,
        )


def _owner(
    marts: duckdb.DuckDBPyConnection, scope: str, entity: str | None, day: Any, currency: str
) -> tuple[str, str | None]:
    """The team with the largest share of the entity's cost on that day, and its largest amount there."""
    column = LEDGER_COLUMNS.get(scope)
    if column is None or entity is None:
        return PIPELINE_OWNER, None
    row = marts.execute(
        f"""
        select team, arg_max(allocation_id, abs(allocated_effective_cost))
        from fct_cost_allocations
        where {column} = ? and charge_date = ? and billing_currency = ? and allocation_id is not null
        group by team
        order by sum(abs(allocated_effective_cost)) desc, team
        limit 1
        """,
        [entity, day, currency],
    ).fetchone()
    if row is None:
        return (entity if scope == "team" else PIPELINE_OWNER), None
    return (row[0] or PIPELINE_OWNER), row[1]


def _money(amount: Decimal | float | None) -> str:
    return "unknown" if amount is None else f"{amount:,.2f}"


def _columns(marts: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    rows = marts.execute("select column_name from duckdb_columns() where table_name = ?", [table]).fetchall()
    return {name for (name,) in rows}
