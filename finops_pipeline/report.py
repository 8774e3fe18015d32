"""The last screen of a run: where the money went, whether it adds up, what the checks say, what to open next.

Reads what is published and what was recorded; computes nothing that a mart has not got. Rounding happens here, for
people, and nowhere before.
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console
from rich.table import Table

from finops_pipeline.checks.outcome import counted
from finops_pipeline.checks.results import CheckResult, results_of_run
from finops_pipeline.publish.versions import published_manifest
from finops_pipeline.settings import Settings

if TYPE_CHECKING:
    from finops_pipeline.run import Outcome

_TEAMS_SHOWN = 12


def print_report(
    console: Console, settings: Settings, *, run_id: str, outcome: "Outcome", is_new: bool, seconds: float, log: Path
) -> None:
    """Print how the run ended and, when it ended well, the published figures."""
    published = published_manifest(settings.marts)
    checks = results_of_run(settings.check_results, run_id)
    if not outcome.succeeded:
        _print_failure(console, outcome.failures, checks, published, log)
        return
    if published:
        console.print()
        with duckdb.connect(str(settings.marts / "current" / "marts.duckdb"), read_only=True) as marts:
            _print_costs(console, marts)
            _print_inference(console, marts)
            _print_uses(console, marts)
            _print_training(console, marts)
            _print_reconciliation(console, marts)
    _print_checks(console, checks)
    if is_new and published:
        _line(console, f"Published {published['version']} in {seconds:.0f} s.", style="green")
    else:
        version = published["version"] if published else "the first run"
        _line(console, f"Nothing new since {version}: nothing was rebuilt or published ({seconds:.0f} s).", "green")
    _print_next(console, settings)


def _print_costs(console: Console, marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        """
        select
            billing_currency,
            -- named and cut as the uses are below, so that what has one name is one sum
            case
                when cost_use = 'idle' then 'idle capacity'
                when cost_use = 'unallocated' then cost_use
                else coalesce(team, cost_use || ' without a team')
            end as owner,
            -- teams first by cost, then what no team used, what nobody could be found for, and what has no team
            case
                when cost_use = 'idle' then 1
                when cost_use = 'unallocated' then 2
                when team is null then 3
                else 0
            end as position,
            sum(effective_cost) as effective_cost
        from fct_cost_layers
        group by all
        order by billing_currency, position, effective_cost desc, owner
        """
    ).fetchall()
    for currency in sorted({row[0] for row in rows}):
        owners = [(owner, position, cost) for row_currency, owner, position, cost in rows if row_currency == currency]
        total = sum((cost for _, _, cost in owners), Decimal(0))
        _line(console, f"Where the money went, effective cost in {currency}, credits and tax included", "bold")
        table = Table()
        table.add_column("team")
        table.add_column("cost", justify="right")
        table.add_column("share", justify="right")
        teams = [(owner, cost) for owner, position, cost in owners if position == 0]
        rest = sum((cost for _, cost in teams[_TEAMS_SHOWN:]), Decimal(0))
        if len(teams) > _TEAMS_SHOWN:
            teams = [*teams[:_TEAMS_SHOWN], (f"{len(teams) - _TEAMS_SHOWN} more teams", rest)]
        for owner, cost in teams:
            table.add_row(owner, _money(cost), _share(cost, total))
        table.add_section()
        for owner, position, cost in owners:
            if position:
                table.add_row(owner, _money(cost), _share(cost, total), style="yellow")
        table.add_section()
        table.add_row("total", _money(total), _share(total, total), style="bold")
        console.print(table)


def _print_inference(console: Console, marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        """
        select
            billing_currency, model_name, sum(inferences) as inferences, sum(effective_cost) as cost,
            bool_and(is_complete) as is_complete
        from fct_inference_unit_costs
        where inferences > 0
        group by all
        order by billing_currency, cost desc nulls last, model_name
        limit 20
        """
    ).fetchall()
    if not rows:
        return
    _line(console, "Cost per 1k inferences", "bold")
    table = Table()
    for name in ("model", "inferences", "cost", "per 1k", ""):
        table.add_column(name, justify="left" if name in ("model", "") else "right")
    for currency, model, inferences, cost, is_complete in rows:
        # A ratio for people: sums divided, shown with four digits.
        per_1k = f"{cost * 1000 / inferences:,.4f} {currency}" if cost is not None else "unknown"
        money = _money(cost) if cost is not None else "unknown"
        table.add_row(model, f"{inferences:,.0f}", money, per_1k, "" if is_complete else "incomplete")
    console.print(table)


def _print_uses(console: Console, marts: duckdb.DuckDBPyConnection) -> None:
    uses = ("inference", "training", "storage", "other", "idle", "unallocated", "credits", "tax")
    sums = ", ".join(f"sum({use}_cost)" for use in uses)
    rows = marts.execute(
        f"""
        select billing_currency, sum(bill_cost), {sums}
        from fct_cost_bridge_to_bill
        where cost_basis = 'effective'
        group by all
        order by all
        """
    ).fetchall()
    for currency, bill, *costs in rows:
        told = " + ".join(f"{use} {_money(cost)}" for use, cost in zip(uses, costs, strict=True) if cost)
        _line(console, f"effective {currency}: {told} = bill {_money(bill)}")


def _print_training(console: Console, marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        """
        select billing_currency, count(run_id), sum(effective_cost), sum(wasted_cost)
        from fct_training_unit_costs
        where billing_currency is not null
        group by all
        order by all
        """
    ).fetchall()
    for currency, runs, cost, wasted in rows:
        waste = f"{_money(wasted)} ({_share(wasted, cost)})" if wasted is not None else "an unknown part"
        told = f"Training {currency}: {counted(runs, 'run')} for {_money(cost)}, {waste} of it for runs"
        _line(console, f"{told} that failed, were pre-empted or stopped early")


def _print_reconciliation(console: Console, marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        """
        select
            billing_currency, cost_basis, sum(raw_cost),
            sum(normalized_cost) filter (raw_cost is not null), sum(allocated_cost) filter (raw_cost is not null),
            coalesce(sum(abs(raw_to_normalized_difference - amortization_difference)), 0)
                + sum(abs(normalized_to_allocated_difference)),
            sum(normalized_cost) filter (raw_cost is null), coalesce(sum(amortization_difference), 0)
        from fct_reconciliation
        group by all
        order by all
        """
    ).fetchall()
    for currency, basis, raw, normalized, allocated, difference, uncontrolled, prepaid in rows:
        if raw is not None:
            moved = f" - {_money(prepaid)} prepaid for other months" if prepaid else ""
            sums = f"raw {_money(raw)}{moved} = normalized {_money(normalized)} = allocated {_money(allocated)}"
            exact = "difference 0" if not difference else f"difference {difference}"
            _line(console, f"{basis} {currency}: {sums}, {exact}", None if not difference else "red")
        if uncontrolled is not None:
            _line(
                console, f"{basis} {currency}: {_money(uncontrolled)} more without a delivered total to hold it against"
            )


def _print_checks(console: Console, checks: list[CheckResult]) -> None:
    """Counts, then the text of every check that failed. A check's own row stands for it; its offenders follow."""
    whole = _whole(checks)
    if not whole:
        return
    failed = [check for check in whole if not check.passed and check.severity == "error"]
    warned = [check for check in whole if not check.passed and check.severity != "error"]
    passed = len(whole) - len(failed) - len(warned)
    _line(console, f"Checks: {passed} passed, {len(warned)} warned, {len(failed)} failed")
    for check in [*failed, *warned]:
        word, style = ("FAILED", "red") if check.severity == "error" else ("warning", "yellow")
        _line(console, f"  {word} {check.check_name}: {check.told}", style)
        parts = [part for part in checks if part.check_name == check.check_name and part.subject != check.subject]
        offenders = [part for part in parts if not part.passed]
        for offender in offenders[:3]:
            _line(console, f"    {offender.subject}: {offender.told}", style)
        if len(offenders) > 3:
            _line(console, f"    … and {len(offenders) - 3} more in fct_check_results", style)
        if check.next_step:
            _line(console, f"    next: {check.next_step}", style)


def _whole(checks: list[CheckResult]) -> list[CheckResult]:
    """The first row of each check and asset: the verdict on the whole. Offenders are recorded behind it."""
    seen: dict[str, CheckResult] = {}
    for check in checks:
        seen.setdefault(check.check_name, check)
    return list(seen.values())


def _print_failure(
    console: Console, failures: list[str], checks: list[CheckResult], published: dict[str, Any] | None, log: Path
) -> None:
    for failure in failures:
        _line(console, f"error: {failure}", "red")
    _print_checks(console, checks)
    kept = f"{published['version']} stays current" if published else "nothing is published yet"
    _line(console, f"The run failed; {kept}. Everything it printed: {log}", "red")


def _print_next(console: Console, settings: Settings) -> None:
    current = settings.marts / "current"
    _line(console, f"Marts: {current}")
    shown = os.path.relpath(current / "marts.duckdb")
    query = "select team, sum(allocated_effective_cost) from fct_cost_allocations group by team"
    command = f"import duckdb; duckdb.connect('{shown}', read_only=True).sql('{query}').show()"
    _line(console, "Next:  make dev   (the Dagster UI with this run, its lineage and its checks)")
    _line(console, f'       .venv/bin/python -c "{command}"')


def _line(console: Console, text: str, style: str | None = None) -> None:
    # soft_wrap: a line of a log, a path or a command must stay one line.
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _share(part: Decimal, whole: Decimal) -> str:
    return f"{part / whole:.1%}" if whole else ""
