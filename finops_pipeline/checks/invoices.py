"""Does what was billed add up to the provider's invoices, where somebody has listed them?"""

from datetime import date

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, Subject, exact, some_of
from finops_pipeline.side_files.invoices import Invoices


def invoiced_total_equals_billed_total(
    warehouse: duckdb.DuckDBPyConnection, invoices: Invoices, today: date
) -> CheckOutcome:
    """Per source, month and currency the billed cost is the invoices' total, within what rounding or a waiver allows.

    An invoice of a month that nobody has delivered is an offender too.

    Args:
        warehouse: has `fct_reconciliation`.
        invoices: the tolerance and the waivers, and which months have invoices at all.
        today: the run's day, on which waivers hold or have ended.
    """
    rows = warehouse.execute(
        """
        select source_name, billing_period, billing_currency, invoice_id, normalized_cost, invoice_cost,
            invoice_difference
        from fct_reconciliation
        where cost_basis = 'billed' and invoice_cost is not null
        order by abs(invoice_difference) desc nulls first, source_name, billing_period, billing_currency
        """
    ).fetchall()
    offenders, confirmed, waived = [], [], []
    for source, period, currency, invoice_id, billed, invoiced, difference in rows:
        key = (source, period, currency)
        allowed, reason = invoices.accepted(source, period, currency, today)
        seen = f"billed {exact(billed)}, invoiced {exact(invoiced)} ({invoice_id or 'no number'})"
        told = (" ".join(key), f"{seen}: off by {exact(difference)}")
        expected = f"at most {exact(allowed)}" + (f", by its waiver ({reason})" if reason else "")
        if difference is None or abs(difference) > allowed:
            ended = invoices.ended(source, period, currency, today)
            ending = f"; its waiver ({ended.reason}) ended on {ended.until}" if ended else ""
            offenders.append(Offender(*told, expected + ending))
        else:
            confirmed.append(Subject(*told, expected))
            waived += [f"{' '.join(key)} ({reason})"] if reason else []
    delivered = {tuple(key) for *key, _, _, _, _ in rows}
    listed = invoices.by_month()
    offenders += [
        Offender(
            " ".join(key),
            " and ".join(f"invoiced {one.total} ({one.id or 'no number'})" for one in listed[key]) + " and no bill",
            "a delivery of that month and currency",
        )
        for key in sorted(listed.keys() - delivered)
    ]
    return CheckOutcome(
        observed=some_of(len(offenders), len(listed), "invoiced month", "differs", "differ")
        + " from what was billed"
        + (f"; waived: {', '.join(waived)}" if waived else ""),
        expected=f"billed = invoiced, within {invoices.tolerance} or a waiver of invoices.yaml",
        next_step="Compare the invoice with the bill by service; waive a known difference in invoices.yaml, with its"
        " reason, amount and last day. Nothing was published.",
        offenders=offenders,
        confirmed=confirmed,
    )
