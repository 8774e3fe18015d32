"""What is worth a line in the run's log about a delivery that was just landed: a restated month, other columns."""

from collections.abc import Iterator
from decimal import Decimal

from finops_pipeline.extract.deliveries import Delivery, Window


def news_of(landed: Delivery, before: Delivery | None, window: Window) -> Iterator[str]:
    """Lines for a person: how a closed month changed, and which columns are new, gone or of another type."""
    title = f"{landed.source_name} {landed.billing_period} {landed.variant}".rstrip()
    if before is not None and (landed.billing_period or "") < window.open_period:
        yield f"{title}: restated, {_difference(landed, before)}"
    if told := str(landed.drift):
        than = f"since {landed.drift.compared_with}" if landed.drift.compared_with else "beside the declared ones"
        yield f"{title}: columns changed {than}: {told}"


def _difference(landed: Delivery, before: Delivery) -> str:
    now, then = _totals(landed), _totals(before)
    parts = [
        f"{then.get(currency, Decimal(0)):,.2f} -> {now.get(currency, Decimal(0)):,.2f} {currency}"
        f" ({now.get(currency, Decimal(0)) - then.get(currency, Decimal(0)):+,.2f})"
        for currency in sorted(now | then)
    ]
    rows = landed.rows - before.rows
    if rows:
        parts.append(f"{abs(rows):,} {'row' if abs(rows) == 1 else 'rows'} {'more' if rows > 0 else 'less'}")
    return ", ".join(parts) or "no amounts"


def _totals(delivery: Delivery) -> dict[str, Decimal]:
    """The billed cost by currency; the effective one where a delivery tells no other."""
    bases = {total.cost_basis for total in delivery.totals}
    basis = "billed" if "billed" in bases else "effective"
    return {
        total.billing_currency or "no currency": total.exact for total in delivery.totals if total.cost_basis == basis
    }
