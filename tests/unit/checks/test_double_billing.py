"""The same account in two sources counts twice and reconciles all the same: it is told by name."""

import duckdb
import pytest

from finops_pipeline.checks.double_billing import no_account_is_billed_by_two_sources


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table fct_cost_allocations (
                source_name varchar, provider_name varchar, sub_account_id varchar, charge_date date,
                billing_currency varchar, allocated_effective_cost decimal(38, 18)
            )
            """
        )
        yield connection


def add_days(warehouse, source, account, *days, provider="Microsoft", cost=10):
    for day in days:
        warehouse.execute(
            "insert into fct_cost_allocations values (?, ?, ?, ?, 'USD', ?)",
            [source, provider, account, f"2026-10-{day:02}", cost],
        )


def test_a_subscription_exported_by_itself_and_within_its_billing_account_is_told(warehouse):
    add_days(warehouse, "azure-ea", "1CAAA5A3", 1, 2, 3)
    add_days(warehouse, "azure-sub", "/subscriptions/1caaa5a3", 2, 3, 4)

    outcome = no_account_is_billed_by_two_sources(warehouse)

    [offender] = outcome.offenders
    assert offender.subject == "Microsoft 1caaa5a3"
    assert (
        offender.observed == "billed by azure-ea and azure-sub on 2 days (2026-10-02 to 2026-10-03), 40.00 USD together"
    )
    assert not outcome.passed


def test_an_account_that_moves_from_one_payer_to_another_is_no_offender(warehouse):
    add_days(warehouse, "old-payer", "012345678901", 1, 2, 3, provider="AWS")
    add_days(warehouse, "new-payer", "012345678901", 3, 4, 5, provider="AWS")

    assert no_account_is_billed_by_two_sources(warehouse).passed


def test_equal_ids_of_two_providers_and_costs_without_an_account_are_no_offenders(warehouse):
    add_days(warehouse, "aws-payer", "1", 1, 2, provider="AWS")
    add_days(warehouse, "azure-ea", "1", 1, 2)
    for source in ("azure-ea", "azure-mca"):
        add_days(warehouse, source, None, 1, 2)
        add_days(warehouse, source, "", 1, 2)

    assert no_account_is_billed_by_two_sources(warehouse).passed
