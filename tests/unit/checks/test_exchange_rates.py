"""A cost in a foreign currency without a rate is told with its source, month and money."""

import duckdb

from finops_pipeline.checks.exchange_rates import every_foreign_cost_has_a_rate


def test_costs_without_a_rate_are_offenders_and_nothing_else_is():
    with duckdb.connect() as warehouse:
        warehouse.execute(
            """
            create table focus_cost_and_usage as
            select * from (values
                ('azure', '2026-10', 'EUR', 'USD', null, 2.5, 2.5, date '2026-10-03'),
                ('azure', '2026-10', 'EUR', 'USD', null, 1.0, 1.0, date '2026-10-05'),
                ('azure', '2026-10', 'EUR', 'USD', 1.1, 7.0, 7.0, date '2026-10-06'),
                ('azure', '2026-10', 'EUR', 'USD', null, 0.0, 0.0, date '2026-10-07'),
                ('aws', '2026-10', 'USD', 'USD', 1.0, 9.0, 9.0, date '2026-10-03')
            ) as charges (x_SourceName, x_BillingPeriod, BillingCurrency, x_ReportingCurrency, x_FxRate,
                BilledCost, EffectiveCost, x_ChargeDate)
            """
        )
        outcome = every_foreign_cost_has_a_rate(warehouse)
    assert not outcome.passed
    [offender] = outcome.offenders
    assert offender.subject == "azure 2026-10 EUR"
    assert offender.observed == "3.5 EUR from 2026-10-03 to 2026-10-05"
