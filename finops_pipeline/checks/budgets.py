"""Are budgets kept? A question to `fct_budget_status`. It warns: a budget that is spent is no fault of the books."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, some_of


def budgets_are_kept(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """On the newest day no budget has passed a threshold that `budgets.yaml` sets on its actual or its forecast.

    Args:
        warehouse: has `fct_budget_status`.
    """
    rows = warehouse.execute(
        """
        select budget, owner, period, billing_currency, cost_basis, budget_amount, actual_to_date, actual_percent,
            forecast, forecast_lower, forecast_upper, forecast_percent, runs_out_on, as_of,
            case
                when status <> 'threshold_passed' then ''
                when actual_threshold_passed is not null then ', to warn at ' || actual_threshold_passed || ' % spent'
                else ', to warn at ' || forecast_threshold_passed || ' % forecast'
            end as warned_at,
            status, reason,
            actual_threshold_passed is not null or forecast_threshold_passed is not null as is_offender
        from fct_budget_status
        qualify as_of = max(as_of) over (partition by budget)
            -- a budget that has ended is history
            and as_of = max(as_of) over ()
        order by is_offender desc, coalesce(forecast, actual_to_date) - budget_amount desc nulls last, budget
        """
    ).fetchall()
    offenders = [
        Offender(
            f"{budget} {period}",
            _stand(*stand),
            f"at most {amount:,.2f} {currency} ({basis}){warned_at}; {owner} answers",
            owner,
        )
        for budget, owner, period, currency, basis, amount, *stand, warned_at, _, _, is_offender in rows
        if is_offender
    ]
    # a name that is misspelt in budgets.yaml costs nothing for ever
    unknown = {row[0]: row[-2] for row in rows if row[-3] == "unknown"}
    return CheckOutcome(
        observed=some_of(len(offenders), len(rows), "budget", "has passed", "have passed")
        + " a threshold"
        + (f"; {len(unknown)} cannot be judged yet: {_reasons(unknown)}" if unknown else ""),
        expected="no budget has passed a threshold of its actual or its forecast",
        next_step="Ask the owner what changed (fct_cost_allocations by project and service), then spend less, or plan"
        " more in budgets.yaml.",
        offenders=offenders,
    )


def _reasons(unknown: Mapping[str, str]) -> str:
    by_reason = defaultdict(list)
    for budget, reason in unknown.items():
        by_reason[reason].append(budget)
    return "; ".join(f"{', '.join(budgets)} ({reason})" for reason, budgets in by_reason.items())


def _stand(
    actual: Decimal,
    actual_percent: Decimal,
    forecast: Decimal | None,
    lower: Decimal | None,
    upper: Decimal | None,
    forecast_percent: Decimal | None,
    runs_out_on: date | None,
    as_of: date,
) -> str:
    told = f"{actual:,.2f} ({actual_percent:.0f} %) spent by {as_of}"
    if forecast is not None:
        interval = ", no interval yet"
        if lower is not None:
            interval = f", {lower:,.2f} to {upper:,.2f}" if lower != upper else ""
        told += f", forecast {forecast:,.2f} ({forecast_percent:.0f} %{interval})"
    if runs_out_on is not None:
        told += f", used up on {runs_out_on}"
    return told
