"""Does every cost in a foreign currency have a rate? Without one its reporting amounts are null, and sums too small."""

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, counted, exact


def every_foreign_cost_has_a_rate(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """Per source, month and currency: what is billed in another currency than reports are read in has a dated rate.

    Args:
        warehouse: has `focus_cost_and_usage`.
    """
    # One value, asked first: against it, charges of the reporting currency are passed over unread.
    reporting = warehouse.execute("select x_ReportingCurrency from focus_cost_and_usage limit 1").fetchone()
    rows = warehouse.execute(
        """
        select x_SourceName, x_BillingPeriod, BillingCurrency, x_ReportingCurrency, sum(EffectiveCost),
            min(x_ChargeDate), max(x_ChargeDate)
        from focus_cost_and_usage
        where BillingCurrency is distinct from ? and x_FxRate is null and (BilledCost <> 0 or EffectiveCost <> 0)
        group by all
        order by sum(abs(EffectiveCost)) desc, 1, 2, 3
        """,
        reporting or (None,),
    ).fetchall()
    return CheckOutcome(
        observed=f"{counted(len(rows), 'source, month and currency', 'sources, months and currencies')} without a rate",
        expected="a rate for every day that costs in another currency",
        next_step="Add the days to the file that fx_rates names in finops.yaml (date, from, to, rate, source).",
        offenders=[
            Offender(
                f"{source} {period} {currency}",
                f"{exact(cost)} {currency} from {first} to {last}",
                f"{currency} to {to}",
            )
            for source, period, currency, to, cost, first, last in rows
        ],
    )
