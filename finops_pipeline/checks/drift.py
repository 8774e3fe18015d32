"""Did bills come with other columns than before? A question to the ledger of deliveries alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from finops_pipeline.checks.outcome import CheckOutcome, Offender, Subject, some_of

_NAMES_SHOWN = 50

Delivery = Mapping[str, Any]
"""One row of the ledger of deliveries."""


def delivered_columns_are_known(deliveries: Sequence[Delivery], table: str, now: datetime) -> CheckOutcome:
    """The live deliveries of a table have the columns of those before them, in the same types.

    Looked at are the open month, the one before, and what this run landed: drift of long ago was told long ago.
    """
    month_before = (now.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    instant = now.replace(tzinfo=None)
    recent = [
        delivery
        for delivery in deliveries
        if delivery["status"] == "live"
        and delivery["table_name"] == table
        and ((delivery["billing_period"] or "") >= month_before or delivery["seen_at"] == instant)
    ]
    offenders = [
        Offender(_subject(delivery), told, _expected(delivery["drift"]))
        for delivery in recent
        if (told := _told(delivery["drift"]))
    ]
    return CheckOutcome(
        observed=some_of(len(offenders), len(recent), "recent delivery", "has", "have") + " other columns than before",
        expected="every delivery has the columns of the one before, in the same types",
        next_step=(
            "Nothing is lost: every column is landed. If a column was renamed, or one that matters came, ask who runs "
            "the export, and read the provider's changelog."
        ),
        offenders=offenders,
        confirmed=[
            Subject(_subject(delivery), "no other columns", _expected(delivery["drift"] or {}))
            for delivery in recent
            if not _told(delivery["drift"])
        ],
    )


def _told(drift: Mapping[str, Any] | None) -> str:
    """The names, by what happened to them."""
    parts = []
    for what in ("added", "missing", "retyped"):
        names = (drift or {}).get(what) or []
        if names:
            more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
            parts.append(f"{what}: {', '.join(names[:_NAMES_SHOWN])}{more}")
    return "; ".join(parts)


def _expected(drift: Mapping[str, Any]) -> str:
    before = drift.get("compared_with")
    return f"the columns of delivery {before}" if before else "the columns this version knows"


def _subject(delivery: Delivery) -> str:
    parts = [delivery["source_name"], delivery["billing_period"] or "", delivery["variant"] or ""]
    return " ".join(part for part in parts if part)
