"""What the checks on tags tell of `fct_tag_coverage`. Which rows stand there is tested with the mart."""

import duckdb

from finops_pipeline.checks.tags import required_tags_cover_their_floor


def test_what_a_provider_bills_in_two_currencies_is_covered_or_not_in_each():
    with duckdb.connect() as warehouse:
        warehouse.execute(
            """
            create table fct_tag_coverage as
            select date '2026-11-01' as charge_date, 'team' as tag_key, 'finops' as owner, 85 as floor_percent, *
            from (values
                ('AWS', 'USD', 70::decimal(38, 18), 100::decimal(38, 18)),
                ('GPU Cloud', 'EUR', 40, 100),
                ('GPU Cloud', 'USD', 50, 100)
            ) t(provider_name, billing_currency, covered_cost, taggable_cost)
            """
        )
        warehouse.execute(
            """
            create table int_tagged_costs as
            select charge_date, tag_key, provider_name, billing_currency, 'main' as account, 'VMs' as service_name,
                true as is_taggable, null::varchar as tag_value, taggable_cost - covered_cost as effective_cost
            from fct_tag_coverage
            """
        )
        outcome = required_tags_cover_their_floor(warehouse)
    assert [(offender.subject, offender.observed) for offender in outcome.offenders] == [
        ("team GPU Cloud in EUR", "40.0 %; 60.00 EUR without it, most of it VMs in main (60.00)"),
        ("team GPU Cloud in USD", "50.0 %; 50.00 USD without it, most of it VMs in main (50.00)"),
        ("team AWS", "70.0 %; 30.00 USD without it, most of it VMs in main (30.00)"),
    ]
    assert [f"{offender.amount:.2f} {offender.currency}" for offender in outcome.offenders] == [
        "60.00 EUR", "50.00 USD", "30.00 USD",
    ]  # fmt: skip
    assert "team 40.0 % of GPU Cloud in EUR, team 50.0 % of GPU Cloud in USD, team 70.0 % of AWS" in outcome.observed
