"""Bills in several currencies: each keeps its own, and has the reporting currency beside at the rate of its day."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finops_pipeline.side_files.fx_rates import FxRate
from tests.dbt.landing_zone import LandingZone

RATES = (
    FxRate("EUR", date(2026, 10, 1), Decimal("1.1"), "ECB"),
    FxRate("EUR", date(2026, 10, 6), Decimal("1.25"), "ECB"),
    FxRate("JPY", date(2026, 10, 5), Decimal("0.006666666667"), "BoJ"),
)


def _charge(billed: str, currency: str, day: str) -> dict[str, Any]:
    return {
        "BillingAccountId": "acct-1",
        "BillingCurrency": currency,
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargeCategory": "Usage",
        "PricingCategory": "Standard",
        "PricingQuantity": "1",
        "PricingUnit": "Units",
        "ServiceName": "GPU Cloud",
        "ServiceCategory": "Compute",
        "BilledCost": billed,
        "EffectiveCost": billed,
    }


CHARGES = [
    _charge("10", "EUR", "2026-10-05"),  # served by the first of October
    _charge("10", "EUR", "2026-10-06"),
    _charge("7.000000000000000001", "USD", "2026-10-05"),  # the reporting currency itself: not a digit is touched
    _charge("1000000", "JPY", "2026-10-05"),
    _charge("3", "GBP", "2026-10-05"),  # nobody gives a rate
    _charge("5", "EUR", "2026-09-30"),  # before the first rate
    _charge("5", "JPY", "2026-10-04"),  # before the first rate of this currency
]


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> LandingZone:
    zone = LandingZone(tmp_path_factory.mktemp("home"), RATES)
    zone.land("other_focus", "vendor", CHARGES, as_text=True)
    zone.land("other_focus", "nameless", [{**_charge("0", "USD", "2026-10-05"), "BillingAccountId": ""}], as_text=True)
    zone.build("focus_cost_and_usage", "focus_allocated", "fct_cost_allocations")
    return zone


def test_each_amount_stands_in_both_currencies_with_rate_day_and_source(zone: LandingZone):
    rows = zone.query(
        """
        select x_LandedRow as line, BillingCurrency as currency, BilledCost as cost, x_BilledCostReporting as reporting,
            x_FxRate as rate, x_FxRateDate as of, x_FxRateSource as source, x_ReportingCurrency as target
        from focus_cost_and_usage where x_SourceName = 'vendor' order by 1
        """
    )
    assert {row["target"] for row in rows} == {"USD"}
    told = [(row["currency"], row["cost"], row["reporting"], row["rate"], row["of"], row["source"]) for row in rows]
    assert told == [
        ("EUR", 10, 11, Decimal("1.1"), date(2026, 10, 1), "ECB"),
        ("EUR", 10, Decimal("12.5"), Decimal("1.25"), date(2026, 10, 6), "ECB"),
        ("USD", Decimal("7.000000000000000001"), Decimal("7.000000000000000001"), 1, date(2026, 10, 5), None),
        ("JPY", 1_000_000, Decimal("6666.666667"), Decimal("0.006666666667"), date(2026, 10, 5), "BoJ"),
        ("GBP", 3, None, None, None, None),
        ("EUR", 5, None, None, None, None),
        ("JPY", 5, None, None, None, None),
    ]


@pytest.mark.parametrize("mart", ["focus_cost_and_usage", "focus_allocated"])
def test_a_file_that_names_no_account_is_published_under_its_source(zone: LandingZone, mart: str):
    accounts = zone.query(f"select BillingAccountId, InvoiceId from {mart} where x_SourceName = 'nameless'")
    assert accounts == [{"BillingAccountId": "nameless", "InvoiceId": "nameless-202610"}]


def test_no_total_of_the_ledger_mixes_currencies(zone: LandingZone):
    by_currency = {
        row["billing_currency"]: (row["cost"], row["reporting"])
        for row in zone.query(
            "select billing_currency, sum(allocated_billed_cost) as cost,"
            " sum(allocated_billed_cost_reporting) as reporting from fct_cost_allocations group by all"
        )
    }
    assert by_currency == {
        "EUR": (25, Decimal("23.5")),
        "USD": (Decimal("7.000000000000000001"), Decimal("7.000000000000000001")),
        "JPY": (1_000_005, Decimal("6666.666667")),
        "GBP": (3, None),
    }
    mixed = zone.query(
        "select pool_id from fct_cost_allocations group by all having count(distinct billing_currency) > 1"
    )
    assert mixed == []
