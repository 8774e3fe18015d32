"""World I: a table of recipes. Each service is a row of numbers: its week, noise, growth, bursts and jumps.

By assumptions of its own again: what tells an inference endpoint, a warehouse and a NAT gateway apart is a handful of
parameters. Noise remembers the day before and has heavy tails; levels move by jumps nobody need be told of (a node pool
is resized by a little), commitments are bought on the first of a month, scheduled trainings run on Sundays. What goes
wrong is of simple shape and random size and length: a factor on the day's cost, kept where it is at least five times
the usual change against the week before. Two feeds in five are late, by shares of their own.
Written and scored once before anything was made by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.anomaly_variations.calendars import month_day, weekday
from benchmarks.anomaly_variations.plant import WARM_UP, Event
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

CLOSED = {
    "us": "2024-07-04 2024-09-02 2024-11-28 2024-11-29 2024-12-24 2024-12-25 2025-01-01 2025-01-20 2025-05-26 "
    "2025-06-19 2025-07-04 2025-09-01 2025-11-27 2025-11-28 2025-12-24 2025-12-25 2026-01-01 2026-01-19 "
    "2026-05-25 2026-07-03 2026-09-07",
    "in": "2024-08-15 2024-10-02 2024-10-31 2024-11-01 2025-01-26 2025-03-14 2025-08-15 2025-10-02 2025-10-20 "
    "2025-10-21 2026-01-26 2026-03-04 2026-08-15 2026-10-02",
    "pl": "2024-08-15 2024-11-01 2024-11-11 2024-12-25 2024-12-26 2025-01-01 2025-01-06 2025-04-21 2025-05-01 "
    "2025-05-02 2025-06-19 2025-08-15 2025-11-11 2025-12-24 2025-12-25 2025-12-26 2026-01-01 2026-01-06 "
    "2026-04-06 2026-05-01 2026-06-04",
    "all": "",
}
"""Days on which nobody works, by country."""


@dataclass(frozen=True)
class Recipe:
    """Ranges of uniform draws; a weekend is what is left of a working day, `rows` how closely lines follow cost."""

    weekend: tuple[float, float] = (1.0, 1.0)
    noise: tuple[float, float] = (0.02, 0.06)
    tail: float = 0.0
    """Share of the days whose noise is three times as wide."""
    growth: tuple[float, float] = (0.0, 0.1)
    """Per month."""
    jumps: float = 0.0
    """Resizings a month, of a few percent."""
    bursts: tuple[float, float, float] = (0.0, 1.0, 1.0)
    """Per week, their days and their height."""
    first: tuple[float, float] = (0.0, 0.0)
    """What the first of a month has in excess of another day."""
    sunday: tuple[float, float] = (1.0, 1.0)
    rows: tuple[float, float] = (0.0, 1.0)
    metered: float = 0.7
    kinds: tuple[str, ...] = tuple(COMMON)


RECIPES = {
    "inference": Recipe((0.5, 0.95), (0.04, 0.12), 0.03, (0.0, 0.25), 0.3, rows=(0.4, 1.0), metered=1.0),
    "batch_training": Recipe(
        (0.3, 1.0),
        (0.05, 0.15),
        bursts=(0.8, 2.5, 6.0),
        rows=(0.0, 0.6),
        kinds=("spike", "step", "zero", "missing", "dup"),
    ),
    "scheduled_training": Recipe((1.0, 1.0), (0.02, 0.05), sunday=(3.0, 9.0), rows=(0.5, 1.0)),
    "object_storage": Recipe((1.0, 1.0), (0.003, 0.01), growth=(0.0, 0.08), jumps=0.2, rows=(0.0, 0.1)),
    "notebooks": Recipe((0.02, 0.3), (0.1, 0.3), 0.02, rows=(0.8, 1.0)),
    "nat_gateway": Recipe((0.6, 1.0), (0.06, 0.2), 0.06, rows=(0.0, 0.2), metered=1.0),
    "cdn": Recipe((0.9, 1.3), (0.03, 0.08), 0.02, bursts=(0.05, 1.5, 1.2), rows=(0.0, 0.3), metered=1.0),
    "warehouse": Recipe((0.2, 0.7), (0.06, 0.15), first=(0.3, 1.5), rows=(0.6, 1.0)),
    "savings_plan": Recipe((1.0, 1.0), (0.0, 0.001), growth=(0.0, 0.0), rows=(0.0, 0.0), metered=0.0),
    "shared_cluster": Recipe((0.7, 1.0), (0.03, 0.08), jumps=1.0, bursts=(0.1, 3.0, 0.4), rows=(0.3, 0.8)),
    "logs": Recipe((0.6, 0.9), (0.03, 0.1), 0.05, (0.0, 0.1), rows=(0.0, 0.2), metered=1.0),
    "support_fee": Recipe((1.0, 1.0), (0.01, 0.03), first=(3.0, 20.0), rows=(0.0, 0.0), metered=0.0),
    "ci_runners": Recipe((0.05, 0.3), (0.15, 0.35), rows=(0.7, 1.0)),
    "staging": Recipe((0.0, 0.1), (0.03, 0.1), jumps=0.5, rows=(0.2, 0.8)),
}


def memory_noise(rng: Rng, n: int, spread: float, tail: float) -> np.ndarray:
    """Noise that half remembers the day before; now and then three times as wide."""
    shocks = rng.normal(0, spread, n) * np.where(rng.random(n) < tail, 3, 1)
    for day in range(1, n):
        shocks[day] = 0.4 * shocks[day - 1] + 0.9 * shocks[day]
    return shocks


def cook(name: str, rng: Rng, dates: np.ndarray) -> Bill:
    """One series by its recipe."""
    r, n, days = RECIPES[name], len(dates), weekday(dates)
    free = np.isin(dates.astype("datetime64[D]").astype(str), CLOSED[str(rng.choice(list(CLOSED)))].split()) | (
        days >= 5
    )
    log = memory_noise(rng, n, rng.uniform(*r.noise), r.tail) + np.log1p(rng.uniform(*r.growth)) * np.arange(n) / 30
    for start in np.flatnonzero(rng.random(n) < r.jumps / 30):
        log[start:] += rng.normal(0, 0.05)
    shape = np.where(free, rng.uniform(*r.weekend), 1.0) * np.where(days == 6, rng.uniform(*r.sunday), 1.0)
    shape = shape + np.where(month_day(dates) == 1, rng.uniform(*r.first), 0)
    often, lasts, height = r.bursts
    for start in np.flatnonzero(rng.random(n) < often / 7):
        shape[start : start + 1 + rng.poisson(lasts - 1)] += rng.exponential(height)
    if name == "savings_plan":
        for start in np.flatnonzero((month_day(dates) == 1) & (rng.random(n) < 0.15)):
            shape[start:] *= rng.uniform(0.8, 1.4)
    level = float(rng.lognormal(4.3, 1.2))
    relative = shape * np.exp(log)
    follows = rng.uniform(*r.rows)
    rows = rng.lognormal(3.5, 1.0) * np.maximum(relative, 0.01) ** follows
    rows = rng.poisson(rows) if name not in ("savings_plan", "support_fee") else np.full(n, 3)
    usage = relative * level * 40 if rng.random() < r.metered else None
    kinds = [*r.kinds, *([] if usage is None else ["price"])]
    return Bill(f"i_{name}", (relative * level).round(4), usage, np.maximum(1, rows).astype(float), kinds)


def whole_account(rng: Rng, dates: np.ndarray) -> Bill:
    """An account: a few services of unlike size."""
    parts = [cook(str(name), rng, dates) for name in rng.choice(list(RECIPES), int(rng.integers(3, 8)))]
    weights = rng.dirichlet(np.full(len(parts), 1.5)) * rng.lognormal(6, 0.7)
    cost = sum((w * p.cost / p.cost.mean() for w, p in zip(weights, parts, strict=True)), np.zeros(len(dates)))
    return Bill("i_whole_account", cost, None, sum((p.rows for p in parts), np.zeros(len(dates))), list(COMMON))


def idle_project(rng: Rng, dates: np.ndarray) -> Bill:
    """A project that is used on some days, none of them known before."""
    on = rng.random(len(dates)) < rng.uniform(0.1, 0.4)
    cost = np.where(on, rng.gamma(3, 1 / 3, len(dates)) * rng.lognormal(3, 0.7), 0.0)
    return Bill("i_idle_project", cost, None, 1 + 4.0 * on, ["spike", "step"])


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team and the rest that nobody tagged."""
    team, rest = (cook(str(rng.choice(["inference", "warehouse", "shared_cluster", "logs"])), rng, dates) for _ in "ab")
    rest.cost = rest.cost / rest.cost.mean() * team.cost.mean() * rng.uniform(0.1, 1.0)
    for bill in (team, rest):
        bill.archetype, bill.usage, bill.kinds, bill.group = "i_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [rest]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    """A service nobody used until one day."""
    bill = cook(str(rng.choice(["inference", "object_storage", "nat_gateway", "shared_cluster"])), rng, dates)
    start = int(rng.integers(85, len(dates) - 30))
    bill.cost[:start] *= float(rng.choice([0.0, 0.0, 0.002]))
    bill.rows[:start], bill.usage = 1.0, None
    bill.cost[start:] = np.maximum(bill.cost[start:], 5.0)
    bill.archetype, bill.kinds, bill.new_from = "i_new_sku", [], start
    return bill


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Change the bill in place; the labels, and which days have no row."""
    n, clean = len(bill.cost), bill.cost.copy()
    gone, busy, events = np.zeros(n, bool), np.zeros(n, bool), []
    if bill.new_from is not None:
        first = bill.new_from
        return [Event("new_sku", "large", first, first + 13, first + 13, float(clean[first:].sum()), "up")], gone
    usual = float(np.median(clean[clean > 0]))
    change = float(np.median(np.abs(clean[7:] - clean[:-7]))) / usual
    kinds = [kind for kind in bill.kinds if kind != "tag_loss"]
    for _ in range(rng.poisson(per_series) if kinds else 0):
        kind, first = str(rng.choice(kinds)), int(rng.integers(WARM_UP, n - 8))
        last = first + _length(rng, kind) - 1 if kind != "price" else n - 4
        whole = slice(max(0, first - 12), last + 18)
        span = slice(first, last + 1)
        quiet = kind in ("dup", "zero", "missing", "drop_step") and clean[span].min() < 0.15 * usual
        if last > n - 4 or busy[whole].any() or quiet:
            continue
        by = float(np.exp(rng.uniform(np.log(0.25), np.log(4.0))))
        if by < 5 * change if kind in ("spike", "step", "ramp") else kind == "drop_step" and change > 0.12:
            continue
        amount = _change(rng, bill, kind, span, by, usual)
        gone[span] |= kind == "missing"
        busy[whole] = True
        severity = "subtle" if by < 0.5 else "medium" if by < 1.5 else "large"
        down = kind in ("drop_step", "zero", "missing")
        events.append(Event(kind, severity, first, last, last, amount, "down" if down else "up"))
    return events, gone


def _length(rng: Rng, kind: str) -> int:
    longest = {"step": 40, "drop_step": 30, "ramp": 40, "zero": 3, "missing": 2}.get(kind, 1)
    shortest = {"step": 4, "drop_step": 4, "ramp": 18}.get(kind, 1)
    return int(rng.integers(shortest, longest + 1))


def _change(rng: Rng, bill: Bill, kind: str, span: slice, by: float, usual: float) -> float:
    """Apply one kind; the money it moves."""
    before = bill.cost[span].copy()
    if kind == "missing":
        return float(before.sum())
    factor = _factor(rng, kind, span.stop - span.start, by)
    base = np.where(before > 0.1 * usual, before, usual) if kind in ("spike", "step") else before
    bill.cost[span] = base * factor
    moved = float(np.abs(bill.cost[span] - before).sum())
    if kind == "price":
        return moved
    if bill.usage is not None:
        bill.usage[span] = bill.usage[span] * bill.cost[span] / np.maximum(before, 1e-9)
    if kind == "dup":
        bill.rows[span] *= 2
    elif rng.random() < (0.65 if kind in ("zero", "drop_step") else 0.3):
        bill.rows[span] = np.maximum(1, np.round(bill.rows[span] * factor))
    return moved


def _factor(rng: Rng, kind: str, days: int, by: float) -> float | np.ndarray:
    """What the days of an event cost in days without it."""
    if kind == "drop_step":
        return float(rng.uniform(0.05, 0.65))
    if kind == "price":
        return 1 + float(rng.choice([-0.15, 0.1, 0.2, 0.35, 0.6, 1.0]))
    if kind == "ramp":
        return 1 + max(by, 0.4) * np.linspace(0, 1, days + 1)[1:]
    return {"zero": 0.0, "dup": 2.0}.get(kind, 1 + by)


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two shares of the feed's own, a little different each day; weekends are read on Monday by some."""
    n, first = len(bill.cost), rng.uniform(0.1, 0.9)
    shown = np.clip(first + rng.normal(0, 0.05, n), 0.02, 1)
    then = np.clip(shown + (1 - shown) * rng.uniform(0.6, 1.0) + rng.normal(0, 0.01, n), shown, 1)
    if rng.random() < 0.2:
        shown = np.where(weekdays == 5, 0.0, shown)
    return shown, then


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    **{partial(cook, name): 10 for name in RECIPES},
    whole_account: 24, idle_project: 8, tag_pair: 8, new_sku: 8,
}  # fmt: skip
LATE_SHARE = 0.4
