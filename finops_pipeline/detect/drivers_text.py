"""What drove an incident, as the JSON of `fct_anomalies.drivers`."""

import json
from collections.abc import Sequence
from decimal import Decimal

from finops_pipeline.detect.drivers import EXACT, decompose
from finops_pipeline.detect.evidence import BOUGHT
from finops_pipeline.detect.incidents import FAULTS, Told

_TOLD = 3


def drivers_text(head: Told, resources: Sequence[tuple[str, Decimal]]) -> str:
    """What drove an anomaly, as JSON: elements, exact decomposition, what moved, where to look, what else saw it."""
    kept = list(dict.fromkeys(driver.dimension for driver in head.drivers))[:_TOLD]
    basis = metered(head)
    parts = decompose(basis.before, basis.after)
    content = {
        "elements": [
            {
                "dimension": d.dimension, "element": d.element, "before": _text(d.before), "after": _text(d.after),
                "change": _text(d.change), "share": round(d.share, 4),
            }
            for d in head.drivers if d.dimension in kept
        ],
        "decomposition_of": _name(basis),
        "decomposition": {
            name: _text(getattr(parts, name)) for name in ("change", "price", "volume", "mix", "new", "gone", "fee")
        },
        "moved": None if head.moved is None else {
            "dimension": head.moved.dimension, "left": list(head.moved.left), "arrived": list(head.moved.arrived),
            "amount": _text(head.moved.amount),
        },
        "accounts": _accounts(head),
        "resources": [{"resource": name, "change": _text(change)} for name, change in resources],
        "also_seen_in": [_name(t) for t in head.also],
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False)


def _accounts(head: Told) -> dict[str, int | str] | None:
    """Of a fault that several accounts of a source share, how many and the money of all; else nothing."""
    shared = [t for t in (head, *head.also) if t.series.scope == "account" and t.finding.kind in FAULTS]
    if head not in shared or len(shared) == 1:
        return None
    return {"count": len(shared), "impact": _text(Decimal(f"{sum(t.finding.impact for t in shared):.4f}"))}


def metered(head: Told) -> Told:
    """The part of the incident that the bill's own meters tell of: nearest in money to the headline, else itself.

    The ledger knows who, the charges know price and quantity.
    """
    bought = [t for t in (head, *head.also) if t.series.scope in BOUGHT]
    if not bought or head in bought or head.moved:
        return head
    return min(bought, key=lambda t: (abs(t.finding.impact - head.finding.impact), t.anomaly_id))


def _name(one: Told) -> str:
    # a GPU cluster is watched twice: its cost, and what of it is idle
    share = " idle share" if one.series.metric == "idle_share" else ""
    return f"{one.series.scope} {one.series.entity}{share}"


def _text(amount: Decimal) -> str:
    """All digits that are there: parts that are rounded one by one do not sum to their whole."""
    return f"{EXACT.plus(amount.normalize(EXACT)):f}"
