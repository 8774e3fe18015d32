"""The lines a run tells about restated months."""

from datetime import UTC, datetime
from pathlib import Path

from export_writers import AZURE_ROW, NOW, AzureExport, Company, Cur2Export, cur2_rows

NOVEMBER = datetime(2026, 11, 5, 6, tzinfo=UTC)


def news(company: Company) -> list[str]:
    return [line for line in company.told if "restated" in line]


def test_a_closed_month_that_changes_is_told_with_money_and_rows(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1000.0, 234.56, 1, 2, 3))
    company.refresh("aws_cur2", NOVEMBER)
    cur2.deliver("2026-10", cur2_rows(1000.0, 236.0), run=2)
    company.refresh("aws_cur2", NOVEMBER)

    assert news(company) == ["payer 2026-10: restated, 1,240.56 -> 1,236.00 USD (-4.56), 3 rows less"]


def test_every_currency_is_told_apart(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0) + cur2_rows(2.0, line_item_currency_code="EUR"))
    company.refresh("aws_cur2", NOVEMBER)
    cur2.deliver("2026-10", cur2_rows(1.0) + cur2_rows(7.5, 1.0, line_item_currency_code="CHF"), run=2)
    company.refresh("aws_cur2", NOVEMBER)

    [line] = news(company)
    assert line.startswith("payer 2026-10: restated, 0.00 -> 8.50 CHF (+8.50), 2.00 -> 0.00 EUR (-2.00), ")
    assert line.endswith(", 1.00 -> 1.00 USD (+0.00), 1 row more")


def test_the_open_month_grows_without_a_word(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2", NOW)
    cur2.deliver("2026-10", cur2_rows(1.0, 2.0), run=2)
    company.refresh("aws_cur2", NOW)

    assert news(company) == []


def test_an_amortized_export_tells_its_effective_cost(company: Company, tmp_path: Path):
    amortized = AzureExport(tmp_path, "amortized")
    company.add("azure", "cost_details", amortized.root)
    amortized.deliver("2026-10", [AZURE_ROW], kind="AmortizedCost")
    company.refresh("azure_cost_details", NOVEMBER)
    amortized.deliver(
        "2026-10", [AZURE_ROW] * 2, kind="AmortizedCost", run="second", submitted="2026-11-04T04:00:00.1234567Z"
    )
    company.refresh("azure_cost_details", NOVEMBER)

    assert news(company) == ["payer 2026-10 AmortizedCost: restated, 3.25 -> 6.50 USD (+3.25), 1 row more"]
