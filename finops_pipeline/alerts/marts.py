"""Published anomalies, budgets and waste as findings, with the owner and amount behind them that their checks lack.

They are named as the checks that judge them, so that a route by a check's name finds them and its page opens with the
drivers and the plot; the check's own verdicts on the same subjects are left out (`JUDGED_BY`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from finops_pipeline.alerts.finding import PIPELINE_OWNER, Finding, check_link, shortened
from finops_pipeline.checks.anomaly_words import NAMED, NEW, why
from finops_pipeline.checks.waste import STOP_IT, left_running
from finops_pipeline.detect.drivers import IDLE, NOBODY
from finops_pipeline.detect.incidents import FAULTS

ANOMALIES = "daily_cost_is_usual"
BUDGETS = "budgets_are_kept"
LEFT_RUNNING = "nothing_is_left_running"
JUDGED_BY = {ANOMALIES: "fct_anomalies", BUDGETS: "fct_budget_status", LEFT_RUNNING: "fct_waste"}
"""Checks whose subjects are rows of a mart."""

DAYS_TOLD = 10
"""The check tells a week of mornings, counted from the newest data; bills are up to three days late. What it told
last is told whatever its age: after a pause it tells of all of it."""

LEDGER_COLUMNS = {
    "provider": "provider_name",
    "account": "sub_account_id",
    "service": "service_name",
    "team": "team",
    "project": "project",
    "model": "model_name",
    "dataset": "dataset",
}
"""The column of the ledger that tells whose an anomaly is, by its scope; a SKU is its service's."""


@dataclass(frozen=True)
class OfMarts:
    """The findings, the names of those whose mart was there to be read, and all anomalies that are published."""

    findings: list[Finding]
    evaluated: frozenset[str]
    anomaly_ids: frozenset[str]


def findings_of_marts(marts: duckdb.DuckDBPyConnection, today: date, base: str) -> OfMarts:
    """What the published marts tell; nothing of a mart that is not published.

    Args:
        marts: the published tables.
        today: the run's day.
        base: the address of Dagster's UI.
    """
    readers = {ANOMALIES: _anomalies, BUDGETS: _budgets, LEFT_RUNNING: _left_running}
    published = {name for (name,) in marts.execute("select table_name from duckdb_tables()").fetchall()}
    read = [name for name, mart in JUDGED_BY.items() if mart in published]
    found = [
        finding for name in read for finding in readers[name](marts, today, check_link(base, JUDGED_BY[name], name))
    ]
    ids = marts.execute("select anomaly_id from fct_anomalies").fetchall() if ANOMALIES in read else []
    return OfMarts(found, frozenset(read), frozenset(number for (number,) in ids))


def _anomalies(marts: duckdb.DuckDBPyConnection, today: date, link: str) -> Iterator[Finding]:
    for row in marts.execute(_ANOMALIES, {"today": today}).fetchall():
        (
            anomaly_id, day, scope, entity, name, currency, observed, expected, is_new, impact, kind, drivers,
            team, allocation,
        ) = row  # fmt: skip
        likely = NEW if is_new else _money(expected)
        yield Finding(
            key=f"{ANOMALIES}/{anomaly_id}",
            name=ANOMALIES,
            severity="warn",
            subject=f"{kind} of {name} on {day}",
            told=f"{_money(observed)} {currency}; expected {likely}; {_cause(drivers)}; id {anomaly_id}",
            owner=_who_left(drivers) or team or (entity if scope == "team" else PIPELINE_OWNER),
            amount=impact,
            currency=currency,
            weight=float(abs(impact)),
            link=link,
            allocation_id=allocation,
            next_step="`finops anomalies` shows what drove it; `finops anomalies ack ID` ends it.",
        )


_SCOPES = ", ".join(f"{{'scope': '{scope}', 'entity': {column}}}" for scope, column in LEDGER_COLUMNS.items())

_ANOMALIES = f"""
    with told as (
        select string_agg(observed, ' ') as by_the_check
        from fct_check_results
        where check_name = '{ANOMALIES}' and not passed
            and checked_at = (select max(checked_at) from fct_check_results where check_name = '{ANOMALIES}')
    ),
    recent as (
        select fct_anomalies.*,
            {NAMED} as name,
            if(scope = 'sku', 'service', scope) as ledger_scope,
            if(scope = 'sku', service_name, entity) as ledger_entity
        from fct_anomalies
        cross join told
        where feedback is null
            and (
                contains(told.by_the_check, 'id ' || anomaly_id)
                -- a blocking check of their own tells faults of accounts
                or detected_on > $today::date - {DAYS_TOLD} and not (scope = 'account' and kind in {FAULTS})
            )
    ),
    amounts as (
        select charge_date, billing_currency, team, allocation_id, abs(allocated_effective_cost) as cost,
            unnest([{_SCOPES}], recursive := true)
        from fct_cost_allocations
        where charge_date in (select charge_date from recent)
    ),
    shares as (
        select recent.anomaly_id, amounts.team, sum(amounts.cost) as cost,
            arg_max(amounts.allocation_id, (amounts.cost, amounts.allocation_id)) as allocation_id
        from recent
        inner join amounts
            on recent.charge_date = amounts.charge_date
            and recent.billing_currency = amounts.billing_currency
            and recent.ledger_scope = amounts.scope
            and recent.ledger_entity = amounts.entity
        group by all
    ),
    -- the team with the largest share of the entity's cost on that day, and its largest amount there
    owners as (
        select * from shares
        qualify row_number() over (partition by anomaly_id order by cost desc, team) = 1
    )
    select recent.anomaly_id, recent.charge_date, recent.scope, recent.entity, recent.name, recent.billing_currency,
        recent.observed_cost, recent.expected_cost, recent.upper is null, recent.impact, recent.kind, recent.drivers,
        owners.team, owners.allocation_id
    from recent
    left join owners on recent.anomaly_id = owners.anomaly_id
    order by abs(recent.impact) desc, recent.anomaly_id
"""


def _budgets(marts: duckdb.DuckDBPyConnection, today: date, link: str) -> Iterator[Finding]:
    rows = marts.execute(
        """
        select budget, owner, period, billing_currency, budget_amount, actual_to_date, forecast, status,
            actual_threshold_passed, forecast_threshold_passed, runs_out_on
        from fct_budget_status
        -- the newest day of the data says how a budget stands; one whose periods ended before it is history
        where as_of = (select max(as_of) from fct_budget_status)
            -- as the check: beyond its amount, too, a budget is told of by the thresholds that its warn_at asks for
            and coalesce(actual_threshold_passed, forecast_threshold_passed) is not null
        order by budget, period
        """
    ).fetchall()
    for budget, owner, period, currency, amount, actual, forecast, status, spent, expected, runs_out_on in rows:
        worst = max(value for value in (actual, forecast) if value is not None)
        used_up = f", used up on {runs_out_on}" if runs_out_on else ""
        stands = status.replace("_", " ")
        if status == "threshold_passed":
            stands = f"{spent} % spent" if spent else f"{expected} % forecast"
        yield Finding(
            # What only the forecast said is told again when it came true, and so is each threshold that is passed.
            key=f"{BUDGETS}/{budget}/{period}/{status}/{spent or f'forecast {expected}'}",
            name=BUDGETS,
            severity="warn",
            subject=f"budget {budget} of {period}: {stands}",
            told=f"spent {_money(actual)} of {_money(amount)} {currency}, forecast {_money(forecast)}{used_up}",
            owner=owner or PIPELINE_OWNER,
            amount=worst - amount if worst > amount else None,
            currency=currency,
            weight=float(worst / amount) if amount else 0.0,
            link=link,
            next_step="Ask the owner what changed (fct_cost_allocations by project and service).",
            is_told_once=True,
        )


def _left_running(marts: duckdb.DuckDBPyConnection, today: date, link: str) -> Iterator[Finding]:
    for thing in left_running(marts):
        yield Finding(
            # two of one name may belong to two teams, and stand idle for two reasons
            key=f"{LEFT_RUNNING}/{thing.subject}/{thing.kind}/{thing.team}/{thing.billing_currency}",
            name=LEFT_RUNNING,
            severity="warn",
            subject=thing.subject,
            told=f"{thing.kind} {thing.when}",
            owner=thing.team or PIPELINE_OWNER,
            amount=thing.cost,
            currency=thing.billing_currency,
            # by day: a month's sum grows every morning, which is nothing worse
            weight=float(thing.cost / thing.days),
            link=link,
            allocation_id=thing.allocation_id,
            next_step=STOP_IT,
        )


def _who_left(drivers: str) -> str | None:
    """The team whose cost nobody owns any more, or whose machines stand idle: it can tag them, or give them back."""
    moved = json.loads(drivers).get("moved")
    if not moved or moved["dimension"] != "team" or moved["arrived"] not in ([NOBODY], [IDLE]):
        return None
    return moved["left"][0] if len(moved["left"]) == 1 else None


def _cause(drivers: str) -> str:
    """What drove it, as the check says it, and the resource to look at first."""
    known = json.loads(drivers)
    look = [f"look at {shortened(resource['resource'], 120)}" for resource in known.get("resources", [])[:1]]
    return "; ".join([why(known), *look])


def _money(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:,.2f}"
