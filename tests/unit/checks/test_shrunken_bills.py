"""A month that comes again far too small blocks; one that only looks smaller does not."""

from datetime import date
from decimal import Decimal

import pytest
from ledger_of_deliveries import delivery

from finops_pipeline.checks.completeness import no_month_has_lost_half_its_bill
from finops_pipeline.side_files.invoices import Invoices, Waiver

TODAY = date(2026, 11, 20)


def billed(rows: int, cost: str | None, **facts):
    totals = [{"billing_currency": "USD", "cost_basis": "billed", "raw_cost": Decimal(cost)}] if cost else []
    return delivery(rows=rows, totals=totals, **facts)


PUBLISHED = billed(3000, "900.00", delivery_id="d1", status="superseded")
WAIVED = {"source": "aws-payer", "period": "2026-10", "currency": "USD", "reason": "account left", "up_to": "700"}


def halved(*deliveries, published=(PUBLISHED,), **waiver):
    invoices = Invoices(waivers=(Waiver.model_validate({**WAIVED, **waiver}, strict=False),) if waiver else ())
    return no_month_has_lost_half_its_bill([PUBLISHED, *deliveries], published, invoices, TODAY)


def test_a_month_with_a_third_of_its_lines_and_money_blocks_until_it_is_whole_or_waived():
    third = billed(1000, "300.00", previous_delivery_id="d1")
    [offender] = halved(third).offenders
    assert offender.subject == "aws-payer 2026-10 USD billed"
    assert offender.observed == "1,000 lines, 300"
    assert offender.expected == "at least half of the published 3,000 lines, 900"
    # again as small, behind another: what is published decides, not what came before
    again = billed(1000, "300.00", delivery_id="d3", previous_delivery_id="d2")
    assert not halved({**third, "status": "superseded"}, again).passed
    assert not halved(again, until="2026-11-19").passed
    assert not halved(again, until="2026-11-20", up_to="599.99").passed
    [waived] = halved(again, until="2026-11-20").confirmed
    assert waived.expected.endswith("700 less by its waiver (account left)")
    assert halved(billed(2900, "890.00")).passed


@pytest.mark.parametrize(
    ("rows", "cost"),
    [
        # by the day instead of by the hour
        (125, "900.00"),
        # a refund of most of it
        (3010, "50.00"),
        # judged by the check on empty deliveries
        (0, None),
        (1500, "300.00"),
    ],
)
def test_fewer_lines_or_less_money_alone_blocks_nothing(rows, cost):
    assert halved(billed(rows, cost)).passed


def test_a_currency_that_is_gone_is_lost_money():
    euros = [{"billing_currency": "EUR", "cost_basis": "billed", "raw_cost": Decimal(900)}]
    assert not halved({**billed(1000, "300.00"), "totals": euros}).passed


def test_small_bills_new_months_and_first_runs_have_nothing_to_lose():
    third = billed(1000, "300.00")
    assert halved(third, published=()).passed
    assert halved({**third, "billing_period": "2026-11"}).passed
    small = billed(60, "10.00", delivery_id="d1", status="superseded")
    ledger = [small, billed(5, "1.00")]
    assert no_month_has_lost_half_its_bill(ledger, [small], Invoices(), TODAY).passed
