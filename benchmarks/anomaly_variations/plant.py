"""Anomalies planted into an invented bill, and the lateness of its feed. What is planted is written down exactly."""

from dataclasses import dataclass

import numpy as np

from benchmarks.anomaly_variations.world_a import Bill, Rng

WARM_UP = 62
POINT = {"spike", "zero", "missing", "dup"}


@dataclass
class Event:
    """One label, in the bench's words; days are offsets from the series' first day."""

    kind: str
    severity: str
    start: int
    end: int
    hold_end: int
    amp: float
    direction: str


def noise_of(cost: np.ndarray) -> tuple[float, float]:
    """Level and day-to-day scatter against the same weekday one week before, both robust."""
    level = float(np.median(np.abs(cost[np.abs(cost) > 0]))) if (cost != 0).any() else 1.0
    change = cost[7:] - cost[:-7]
    return level, float(1.4826 * np.median(np.abs(change)) / np.sqrt(2))


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Change the bill in place; returns the labels and which days have no row."""
    n, gone, events, taken = len(bill.cost), np.zeros(len(bill.cost), bool), [], np.zeros(len(bill.cost), bool)
    if bill.new_from is not None:
        start = bill.new_from
        amount = float(bill.cost[start : start + 14].sum())
        return [Event("new_sku", "large", start, start + 13, start + 13, amount, "up")], gone
    original = bill.cost.copy()
    kinds = [k for k in bill.kinds if k != "tag_loss"]
    for _ in range(rng.poisson(per_series) if kinds else 0):
        kind = str(rng.choice(kinds))
        severity = str(rng.choice(["subtle", "medium", "large"], p=[0.2, 0.4, 0.4]))
        start, end, hold = _window(rng, kind, n)
        last = n if kind == "price" else hold + 14
        if start < WARM_UP or hold >= n - 3 or taken[max(0, start - 8) : last].any():
            continue
        if (kind in ("dup", "zero", "missing") or not _often_nothing(original)) and (
            np.abs(original[start : end + 1]) < 0.2 * noise_of(original)[0]
        ).any():
            continue
        before = bill.cost.copy()
        direction = _apply(rng, bill, gone, kind, severity, slice(start, end + 1), hold)
        taken[max(0, start - 8) : last] = True
        amp = float(np.abs(bill.cost - before)[start : hold + 1].sum()) or float(np.abs(before[start : end + 1]).sum())
        events.append(Event(kind, severity, start, end, hold, amp, direction))
    return events, gone


def _often_nothing(cost: np.ndarray) -> bool:
    return bool((np.abs(cost) <= 0.02 * noise_of(cost)[0]).mean() > 0.3)


def _window(rng: Rng, kind: str, n: int) -> tuple[int, int, int]:
    start = int(rng.integers(WARM_UP, n))
    if kind in ("step", "drop_step"):
        end = start + int(rng.integers(4, 42)) - 1
    elif kind == "ramp":
        end = start + int(rng.integers(18, 38))
        return start, end, end + int(rng.integers(0, 6))
    elif kind == "price":
        end = n - 4 if start < n - 20 else n
    elif kind in ("zero", "missing"):
        end = start + int(rng.integers(1, 5 if kind == "zero" else 3)) - 1
    else:
        end = start
    return start, end, end


def _apply(rng: Rng, bill: Bill, gone: np.ndarray, kind: str, severity: str, span: slice, hold: int) -> str:
    cost, usage, rows = bill.cost, bill.usage, bill.rows
    level, scatter = noise_of(cost)
    size = (
        {"subtle": rng.uniform(5, 7), "medium": rng.uniform(7, 12), "large": rng.uniform(14, 30)}[severity]
        * scatter
        / level
    )
    size = max(size, {"subtle": 0.12, "medium": 0.35, "large": 1.0}[severity])
    if kind in ("missing", "dup"):
        return _fault(bill, gone, kind, span)
    if kind == "zero":
        left = float(rng.choice([0.0, 0.0, 0.03]))
        if rng.random() < 0.5:
            rows[span] = np.maximum(1, (rows[span] * 0.03).round())
    elif kind == "price":
        left = 1 + float(np.clip(size, 0.1, 1.2))
        cost[span.start :] *= left
        return "up"
    elif kind == "drop_step":
        left = 1 - float(
            {"subtle": rng.uniform(0.3, 0.5), "medium": rng.uniform(0.5, 0.75), "large": rng.uniform(0.75, 1)}[severity]
        )
    elif kind == "ramp":
        top = 1 + max(0.35, min(size, 3))
        left = np.linspace(1, top, span.stop - span.start + 1)[1:]
        _scale(bill, slice(span.stop, hold + 1), top, False)
    elif _often_nothing(cost):
        extra = (
            level
            * {"subtle": 0.9, "medium": 1.8, "large": 5.0}[severity]
            * rng.lognormal(0, 0.1, span.stop - span.start)
        )
        cost[span] = np.maximum(cost[span], 0) + extra
        if usage is not None:
            usage[span] = usage[span] + extra
        return "up"
    else:
        left = 1 + size
    _scale(bill, span, left, kind == "step" and rng.random() < 0.4)
    return "up" if np.mean(left) > 1 else "down"


def _fault(bill: Bill, gone: np.ndarray, kind: str, span: slice) -> str:
    if kind == "missing":
        gone[span] = True
        return "down"
    for values in (bill.cost, bill.usage, bill.rows):
        if values is not None:
            values[span] = values[span] * 2
    return "up"


def _scale(bill: Bill, span: slice, factor: float | np.ndarray, with_rows: bool) -> None:
    bill.cost[span] = bill.cost[span] * factor
    if bill.usage is not None:
        bill.usage[span] = bill.usage[span] * factor
    if with_rows:
        bill.rows[span] = (bill.rows[span] * factor).round()


def move_tags(rng: Rng, team: Bill, untagged: Bill) -> Event:
    """Part of a team's cost turns up untagged for some days."""
    n = len(team.cost)
    start, share = int(rng.integers(WARM_UP + 10, n - 30)), float(rng.uniform(0.5, 1.0))
    span = slice(start, start + int(rng.integers(6, 25)))
    moved = team.cost[span] * share
    team.cost[span] -= moved
    untagged.cost[span] += moved
    lines = (team.rows[span] * share).round()
    team.rows[span], untagged.rows[span] = team.rows[span] - lines, untagged.rows[span] + lines
    return Event(
        "tag_loss",
        "large" if share > 0.75 else "medium",
        start,
        span.stop - 1,
        span.stop - 1,
        float(moved.sum()),
        "down",
    )


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share visible on the first and second morning: 10 to 60 percent on the first, and no two days alike."""
    n, usual = len(bill.cost), rng.uniform(0.1, 0.6)
    concentration = rng.choice([40.0, 150.0, 600.0])
    slower = np.where(weekdays >= 5, rng.choice([1.0, 1.0, 0.7]), 1.0)
    first = rng.beta(usual * concentration, (1 - usual) * concentration, n) * slower
    second = np.clip(first + (1 - first) * rng.beta(60 * rng.uniform(0.7, 0.97), 60 * 0.1, n), first, 1)
    return first, second
