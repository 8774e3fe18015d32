"""Questions that FOCUS practitioners ask, in our own words, on `focus_data_table`: each total is one of our marts."""

from decimal import Decimal

import pytest

from tests.conftest import Company

OCTOBER = "ChargePeriodStart >= '2026-10-01' and ChargePeriodStart < '2026-11-01'"
LEDGER_OCTOBER = "charge_date >= date '2026-10-01' and charge_date < date '2026-11-01'"

QUESTIONS: dict[str, tuple[str, str]] = {
    "What does each provider cost, by account?": (
        f"""select ProviderName, BillingAccountId, SubAccountId, sum(EffectiveCost)
            from focus_data_table where {OCTOBER} group by all""",
        f"""select provider_name, billing_account_id, sub_account_id, sum(allocated_effective_cost)
            from fct_cost_allocations where {LEDGER_OCTOBER} group by all""",
    ),
    "What does each kind of service cost, by region?": (
        "select ServiceCategory, ServiceName, RegionId, sum(BilledCost) from focus_data_table group by all",
        """select service_category, service_name, region_id, sum(allocated_billed_cost)
            from fct_cost_allocations group by all""",
    ),
    "What was saved against list prices?": (
        "select ServiceName, sum(ListCost) - sum(EffectiveCost) from focus_data_table group by all",
        """select service_name, sum(allocated_list_cost) - sum(allocated_effective_cost)
            from fct_cost_allocations group by all""",
    ),
    "What will each month's invoices be?": (
        # Google's months begin at midnight in California: a morning of the same day in UTC.
        """select strftime(BillingPeriodStart, '%Y-%m'), ProviderName, BillingCurrency, sum(BilledCost)
            from focus_data_table group by all""",
        """select billing_period, provider_name, billing_currency, sum(allocated_billed_cost)
            from fct_cost_allocations group by all""",
    ),
    "What did commitments cost that nobody used?": (
        "select ProviderName, sum(EffectiveCost) from focus_data_table"
        " where CommitmentDiscountStatus = 'Unused' group by all",
        """select provider_name, sum(allocated_effective_cost) from fct_cost_allocations
            where idle_type = 'unused_commitment' group by all""",
    ),
    "Which credits and taxes are in the bill?": (
        "select ChargeCategory, ProviderName, sum(BilledCost) from focus_data_table"
        " where ChargeCategory in ('Credit', 'Tax') group by all",
        """select charge_category, provider_name, sum(allocated_billed_cost) from fct_cost_allocations
            where charge_category in ('Credit', 'Tax') group by all""",
    ),
    "How much was paid under which pricing?": (
        "select PricingCategory, sum(ContractedCost), sum(EffectiveCost) from focus_data_table group by all",
        """select pricing_category, sum(allocated_contracted_cost), sum(allocated_effective_cost)
            from fct_cost_allocations group by all""",
    ),
    "What does a tagged application cost?": (
        "select Tags['environment'], sum(EffectiveCost) from focus_data_table"
        " where Tags['environment'] is not null group by all",
        """select cast(cast(Tags as json) as map(varchar, varchar))['environment'], sum(EffectiveCost)
            from focus_cost_and_usage
            where cast(cast(Tags as json) as map(varchar, varchar))['environment'] is not null group by all""",
    ),
}
"""A question: the query on the compatibility view, and what the marts say."""


def _answer(company: Company, query: str) -> dict[tuple, tuple[Decimal, ...]]:
    """Amounts by all other columns; groups of nothing are left out."""
    answer = {}
    for row in company.query(query):
        amounts = tuple(value for value in row if isinstance(value, Decimal))
        if any(amounts):
            answer[tuple(value for value in row if not isinstance(value, Decimal))] = amounts
    return answer


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_compatibility_view_answers_like_the_marts(published_company: Company, question: str):
    on_view, on_marts = QUESTIONS[question]
    answer = _answer(published_company, on_view)
    assert answer
    assert answer == _answer(published_company, on_marts)
