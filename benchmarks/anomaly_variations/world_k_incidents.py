"""What goes wrong in world K, and how its feeds are late.

An incident is a percentage of the usual day, as an auditor would write it down: 25 to 60 for a small one, up to six
times for a large one. It is kept where the percentage is more than twice the scatter of the series about its weekdays
and month days. Feeds are late by their own habit: a share each day, nothing on a weekend, or figures that are restated
downwards; now and then a whole day arrives on the third morning.
"""

import numpy as np

from benchmarks.anomaly_variations.plant import WARM_UP, Event
from benchmarks.anomaly_variations.world_a import Bill, Rng

PERCENT = {"subtle": (0.25, 0.6), "medium": (0.6, 1.4), "large": (1.4, 6.0)}
LENGTHS = {"step": (4, 44), "drop_step": (5, 40), "ramp": (18, 39), "zero": (1, 4), "missing": (1, 2)}


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Change the bill in place; the labels, and which days have no row."""
    n, clean, events = len(bill.cost), bill.cost.copy(), []
    gone, busy = np.zeros(n, bool), np.zeros(n, bool)
    if bill.new_from is not None:
        first = bill.new_from
        return [Event("new_sku", "large", first, first + 13, first + 13, float(clean[first:].sum()), "up")], gone
    for first, last in bill.debatable:
        busy[max(0, first - 4) : last + 6] = True
    usual, scatter = float(np.median(clean[clean > 0])), _scatter(clean)
    kinds = [kind for kind in bill.kinds if kind != "tag_loss"]
    for _ in range(rng.poisson(per_series * 1.2) if kinds else 0):
        kind, severity = str(rng.choice(kinds)), str(rng.choice(list(PERCENT), p=[0.25, 0.4, 0.35]))
        first = int(rng.integers(WARM_UP, n - 5))
        least, most = LENGTHS.get(kind, (1, 1))
        last = n - 4 if kind == "price" else first + int(rng.integers(least, most + 1)) - 1
        whole = slice(max(0, first - 10), (first if kind == "price" else last) + 15)
        percent = float(rng.uniform(*PERCENT[severity]))
        by = _by(kind, percent) * (clean[first : last + 1] if kind in ("dup", "zero", "missing") else usual) / usual
        if last > n - 4 or busy[whole].any() or (kind == "price" and busy[first:].any()):
            continue
        if float(np.min(by)) < 2 * scatter / usual or (kind in LENGTHS and clean[first : last + 1].max() <= 0):
            continue
        amount = _change(rng, bill, kind, slice(first, last + 1), percent, usual)
        gone[first : last + 1] |= kind == "missing"
        busy[whole] = True
        down = kind in ("zero", "missing", "drop_step")
        events.append(Event(kind, severity, first, last, last, amount, "down" if down else "up"))
    return events, gone


def _scatter(cost: np.ndarray) -> float:
    """Around the median of the same weekdays within six weeks, or of the same day in the months around if nearer."""
    weekly = np.median([np.roll(cost, shift) for shift in (-21, -14, -7, 7, 14, 21)], axis=0)
    monthly = np.median([np.roll(cost, shift) for shift in (-31, -30, 30, 31)], axis=0)
    near = np.minimum(np.abs(cost - weekly), np.abs(cost - monthly))[31:-31]
    return float(np.sqrt(np.mean(np.minimum(near, np.quantile(near, 0.98)) ** 2)))


def _by(kind: str, percent: float) -> float:
    """Share of the usual day that the event's typical day is off."""
    sizes = {"dup": 1.0, "zero": 1.0, "missing": 1.0, "drop_step": min(percent, 0.9), "price": min(percent, 1.0) * 0.5}
    return sizes.get(kind, percent * (0.6 if kind == "ramp" else 1.0))


def _change(rng: Rng, bill: Bill, kind: str, span: slice, percent: float, usual: float) -> float:
    """Apply one kind; the money that it moves."""
    before, days = bill.cost[span].copy(), span.stop - span.start
    if kind == "missing":
        return float(np.abs(before).sum())
    after = {
        "zero": before * rng.choice([0.0, 0.0, 0.02]),
        "dup": before * 2,
        "price": before * (1 + min(percent, 1.0) * 0.5),
        "drop_step": before * (1 - min(percent, 0.9)),
        "ramp": before + usual * percent * np.linspace(0, 1.2, days + 1)[1:],
    }.get(kind, before + usual * percent * rng.normal(1, 0.04, days))
    bill.cost[span] = np.round(after, 2)
    moved = float(np.abs(bill.cost[span] - before).sum())
    if kind == "price":
        return moved
    factor = np.where(before > 0.05 * usual, after / np.maximum(before, 0.01), 1.0)
    if bill.usage is not None:
        bill.usage[span] *= factor
    if kind == "dup":
        bill.rows[span] *= 2
    elif rng.random() < 0.4:
        bill.rows[span] = np.maximum(1, np.round(bill.rows[span] * factor))
    return moved


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A share of its own each day, an export of working days only, or a first figure that is corrected downwards."""
    n, habit = len(bill.cost), str(rng.choice(["share", "working", "restated"], p=[0.5, 0.25, 0.25]))
    if habit == "restated":
        first = 1 + rng.gamma(2, rng.choice([0.005, 0.03]), n)
        return first, np.where(rng.random(n) < 0.8, 1.0, first)
    first = np.clip(rng.beta(rng.uniform(4, 60), rng.uniform(2, 20), n), 0.02, 1)
    if habit == "working":
        first = np.where(weekdays >= 5, 0.0, first)
    first = np.where(rng.random(n) < 0.01, 0.0, first)
    return first, np.where(first == 0, rng.choice([0.3, 1.0]), first + (1 - first) * rng.uniform(0.8, 1, n))
