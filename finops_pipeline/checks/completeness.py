"""Has every source delivered, and did it deliver something? Questions to the ledger of deliveries alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from finops_pipeline.checks.outcome import CheckOutcome, Offender

FIRST_DELIVERY_OF_A_MONTH_TAKES = timedelta(days=3)
"""AWS promises the first file of a month within a day, Azure and Google within two; a weekend makes it three."""

Delivery = Mapping[str, Any]
"""One row of the ledger of deliveries."""


def every_complete_delivery_has_rows(deliveries: Sequence[Delivery]) -> CheckOutcome:
    """A complete bill without a line is accepted only if the delivery before it had none either.

    An export that suddenly says "nothing was spent" is far more often a broken export than a free month, and
    publishing it would show a fall to zero. Usage feeds may be empty: a day without training runs is a fact.
    """
    bills = [delivery for delivery in deliveries if delivery["provider"] != "usage"]
    rows_before = {(*_slot(d), d["delivery_id"]): d["rows"] for d in bills}
    live = [delivery for delivery in bills if delivery["status"] == "live"]
    empty = [d for d in live if not d["rows"] and rows_before.get((*_slot(d), d["previous_delivery_id"])) != 0]
    return CheckOutcome(
        observed=f"{len(empty)} of {len(live)} live deliveries have no rows",
        expected="every complete delivery has rows, unless the one before it had none",
        next_step=(
            "Ask who runs the export why it is empty. A second empty delivery of the period is taken as a fact; "
            "until then the published marts stay as they are."
        ),
        offenders=[Offender(_subject(d), f"0 rows in {d['manifest']}", "at least 1 row") for d in empty],
    )


def every_configured_source_has_delivered(
    deliveries: Sequence[Delivery], sources: Sequence[tuple[str, str]], now: datetime
) -> CheckOutcome:
    """Every configured source has a live delivery; a bill also has one for the open month from its fourth day on.

    Args:
        deliveries: the ledger.
        sources: (name, provider) of every billing export and every feed, the provider of a feed being `usage`.
        now: the run's clock; its month is the open month.
    """
    expected_month = (now - FIRST_DELIVERY_OF_A_MONTH_TAKES).strftime("%Y-%m")
    live = [delivery for delivery in deliveries if delivery["status"] == "live"]
    offenders = []
    for name, provider in sources:
        periods = [d["billing_period"] or "" for d in live if d["source_name"] == name]
        if not periods:
            offenders.append(Offender(name, "nothing delivered yet", "at least one complete delivery"))
        elif provider != "usage" and max(periods) < expected_month:
            offenders.append(Offender(name, f"newest period is {max(periods)}", f"a delivery for {expected_month}"))
    return CheckOutcome(
        observed=f"{len(offenders)} of {len(sources)} configured sources have not delivered",
        expected="every source has a complete delivery, bills also for the open month from its fourth day on",
        next_step="See `finops validate`, then the export's own log at the cloud.",
        offenders=offenders,
    )


def _slot(delivery: Delivery) -> tuple[Any, ...]:
    """What a delivery replaces as a whole."""
    return tuple(delivery[name] for name in ("table_name", "source_name", "variant", "billing_period"))


def _subject(delivery: Delivery) -> str:
    parts = [delivery["source_name"], delivery["billing_period"] or "", delivery["variant"] or ""]
    return " ".join(part for part in parts if part)
