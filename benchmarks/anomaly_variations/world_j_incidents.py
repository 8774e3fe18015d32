"""What goes wrong in world J, and how its feeds are late.

Each incident has a cause in the traffic: a storm of retries, an agent in a loop, a lost cache, a key that expired. It
is kept where its mean day is beyond what nine of ten days are off the same weekdays around them. Feeds are late by
provider: one stops at an hour, one writes files, one estimates and takes credits off on the third day.
"""

import numpy as np

from benchmarks.anomaly_variations.plant import WARM_UP, Event
from benchmarks.anomaly_variations.world_a import Bill, Rng


def _off_weekdays(cost: np.ndarray) -> float:
    """How far nine of ten days at most are from the same weekdays of the two weeks before and after."""
    around = np.median([np.roll(cost, shift) for shift in (-14, -7, 7, 14)], axis=0)
    return float(np.quantile(np.abs(cost - around)[14:-14], 0.9))


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Let things go wrong in the bill; the labels, and which days have no row."""
    n, gone, events = len(bill.cost), np.zeros(len(bill.cost), bool), []
    if bill.new_from is not None:
        day = bill.new_from
        return [Event("new_sku", "large", day, day + 13, day + 13, float(bill.cost[day : day + 30].sum()), "up")], gone
    busy, clean = np.zeros(n, bool), bill.cost.copy()
    for first, last in bill.debatable:
        busy[max(0, first - 3) : last + 8] = True
    usual, natural = float(np.median(clean[clean > 0])), _off_weekdays(clean)
    kinds = [kind for kind in bill.kinds if kind != "tag_loss"]
    for _ in range(rng.poisson(per_series * 1.3) if kinds else 0):
        kind, start = str(rng.choice(kinds)), int(rng.integers(WARM_UP, n - 6))
        least, most = {"step": (4, 45), "drop_step": (4, 30), "ramp": (18, 39), "zero": (1, 3), "missing": (1, 2)}.get(
            kind, (1, 1)
        )
        end = n - 4 if kind == "price" else start + int(rng.integers(least, most + 1)) - 1
        whole = slice(max(0, start - 9), end + 14)
        if end > n - 4 or (busy[whole].any() if kind != "price" else busy[start - 9 : start + 14].any()):
            continue
        cost, factor = _wrong(rng, clean, kind, slice(start, end + 1), usual)
        change = np.abs(cost - clean[start : end + 1])
        seen = float(change[-5:].mean()) * 0.6 if kind == "ramp" else float(change.mean())
        if seen < 1.05 * natural or seen < 0.05 * usual:
            continue
        span = slice(start, end + 1)
        bill.cost[span], gone[span], busy[whole] = (clean[span] if kind == "missing" else cost), kind == "missing", True
        if bill.usage is not None and kind != "price" and not (kind == "step" and rng.random() < 0.2):  # a lost cache
            bill.usage[span] *= factor
        if kind == "dup" or (kind in ("spike", "step", "zero", "ramp") and rng.random() < 0.5):
            bill.rows[span] = np.maximum(1, np.round(bill.rows[span] * factor))
        severity = "subtle" if seen < 2 * natural else "medium" if seen < 5 * natural else "large"
        down = kind in ("zero", "missing", "drop_step") or (kind == "price" and cost[0] < clean[start])
        events.append(Event(kind, severity, start, end, end, float(change.sum()), "down" if down else "up"))
    return events, gone


def _wrong(rng: Rng, clean: np.ndarray, kind: str, span: slice, usual: float) -> tuple[np.ndarray, np.ndarray]:
    """The days' cost with what went wrong, and its ratio to what they would have cost."""
    cost, days = clean[span], span.stop - span.start
    if kind in ("zero", "missing"):  # a key expired, an export was not written
        wrong = cost * 0
    elif kind == "dup":
        wrong = cost * 2
    elif kind == "price":  # a dearer model under the same name, a discount lost or won
        wrong = cost * rng.choice([0.8, 1.08, 1.15, 1.25, 1.5, 2.0])
    elif kind == "drop_step":
        wrong = cost * rng.uniform(0, 0.65)
    elif kind == "ramp":  # prompts that grow with each conversation kept
        wrong = cost * (1 + rng.uniform(0.4, 2.5) * np.linspace(0, 1, days + 1)[1:] ** rng.uniform(0.8, 1.8))
    elif rng.random() < 0.5:  # a storm of retries: all that is there, several times
        wrong = cost * np.exp(rng.uniform(0.2, 1.5)) * rng.normal(1, 0.05, days)
    else:  # a loop of an agent, a forgotten endpoint: so much an hour
        wrong = cost + usual * np.exp(rng.uniform(-1.2, 1.5)) * rng.normal(1, 0.08, days)
    return wrong, np.where(cost > 0, wrong / np.maximum(cost, 1e-6), 1.0)


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By provider: up to an hour of the day, by files, or an estimate that credits are taken off on the third day."""
    n, feed = len(bill.cost), str(rng.choice(["hour", "files", "estimate"], p=[0.45, 0.35, 0.2]))
    if feed == "hour":
        shown = np.clip(rng.uniform(0.3, 0.95) + rng.normal(0, 0.03, n), 0.05, 1)
        return shown, np.where(rng.random(n) < 0.02, shown, 1.0)
    if feed == "files":
        parts = rng.dirichlet(np.full(int(rng.integers(3, 7)), 4.0))
        there = rng.random((n, len(parts))) < np.where(weekdays >= 5, 0.6, 0.8)[:, None]
        return there @ parts, (there | (rng.random(there.shape) < 0.9)) @ parts
    above = np.abs(rng.normal(0, rng.choice([0.02, 0.08]), n))
    return 1 + above, 1 + above * (rng.random(n) < 0.5)
