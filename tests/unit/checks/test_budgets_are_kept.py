"""What the check on budgets tells of `fct_budget_status`. Which rows stand there is tested with the mart."""

import duckdb
import pytest

from finops_pipeline.checks.budgets import budgets_are_kept


@pytest.mark.parametrize(
    ("lower", "upper", "told"),
    [
        (100, 160, "forecast 130.00 (130 %, 100.00 to 160.00)"),
        (130, 130, "forecast 130.00 (130 %)"),
        (None, None, "forecast 130.00 (130 %, no interval yet)"),
    ],
)
def test_a_forecast_is_told_with_its_interval_or_that_there_is_none(lower, upper, told):
    with duckdb.connect() as warehouse:
        warehouse.execute(
            """
            create table fct_budget_status as
            select 'gpu' as budget, 'search' as owner, '2026-11' as period, 'USD' as billing_currency,
                'effective' as cost_basis, 100 as budget_amount, 90 as actual_to_date, 90 as actual_percent,
                130 as forecast, $lower as forecast_lower, $upper as forecast_upper, 130 as forecast_percent,
                null::date as runs_out_on, date '2026-11-02' as as_of, 'forecast_over_budget' as status,
                null as reason, null::integer as actual_threshold_passed, 100 as forecast_threshold_passed
            """,
            {"lower": lower, "upper": upper},
        )
        [offender] = budgets_are_kept(warehouse).offenders
    assert offender.observed == f"90.00 (90 %) spent by 2026-11-02, {told}"
    assert offender.owner == "search"
