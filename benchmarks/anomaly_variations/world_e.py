"""World E: contracts and habits. What a bill does follows from what was bought, who is at work and what runs when.

By other assumptions than the worlds before: countries whose holidays move from year to year, commitments that are
bought again each month, grants that run out, batch work on weekends, bills rounded to the cent, series with a few days
a month; feeds come as whole files, so a morning shows some parts of a day completely and others not at all. What goes
wrong is sized against the days that stand out by themselves: each event is larger than nineteen of twenty of them.
Written before the detector's third revision and scored once before it and once after it, blind; then three faults that
it showed were mended.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import days_to_month_end, month_day, weekday
from benchmarks.anomaly_variations.plant import WARM_UP, Event
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

MOVING = {
    "india": ["2024-10-31", "2025-10-20", "2025-03-14", "2024-08-15", "2025-08-15", "2025-01-26", "2026-01-26"],
    "israel": ["2024-10-03", "2024-10-04", "2024-10-17", "2025-04-13", "2025-09-23", "2025-09-24", "2025-10-07"],
    "america": ["2024-07-04", "2024-11-28", "2024-11-29", "2024-12-25", "2025-05-26", "2025-07-04", "2025-11-27"],
    "thailand": ["2025-04-13", "2025-04-14", "2025-04-15", "2024-12-31", "2025-01-01", "2025-07-10", "2025-12-05"],
    "poland": ["2024-11-01", "2024-11-11", "2024-12-25", "2024-12-26", "2025-05-01", "2025-05-03", "2025-06-19"],
}
"""Days off by country; half of them are followed by a day on which many are away too."""


def _at_work(rng: Rng, dates: np.ndarray) -> np.ndarray:
    """Share of the people at work, by country, weekend and long weekend."""
    country = str(rng.choice(list(MOVING)))
    weekend = np.isin(weekday(dates), (4, 5) if country == "israel" else (5, 6))
    off = np.isin(dates, np.array(MOVING[country], "datetime64[D]"))
    bridge = np.roll(off, 1) & (rng.random(len(dates)) < 0.5)
    share = np.where(weekend, rng.uniform(0.02, 0.25), 1.0)
    return np.where(off, np.minimum(share, 0.1), np.where(bridge, 0.5 * share, share))


def _lasting(rng: Rng, n: int, size: float, days: float) -> np.ndarray:
    """A factor around 1 that wanders, and forgets within so many days."""
    out, shocks, keep = np.zeros(n), rng.normal(0, size, n), float(np.exp(-1 / days))
    for day in range(1, n):
        out[day] = keep * out[day - 1] + shocks[day] * np.sqrt(1 - keep**2)
    return np.exp(out)


def _bill(rng: Rng, name: str, cost: np.ndarray, rows: np.ndarray, usage: np.ndarray | None = None, kinds=COMMON):
    lines = np.maximum(1, np.round(rows * rng.normal(1, rng.choice([0.0, 0.02]), len(cost))))
    return Bill(f"e_{name}", cost.round(2), usage, lines, [*kinds, *([] if usage is None else ["price"])])


def product(rng: Rng, dates: np.ndarray) -> Bill:
    """Tokens of a product: launches that bring users within weeks, some of whom leave again; prompts of any length."""
    n, users = len(dates), rng.uniform(100, 400) * np.ones(len(dates))
    for start in rng.integers(0, n, rng.poisson(2.5)):
        came = 1 - np.exp(-np.arange(n - start) / rng.uniform(4, 20))
        users[start:] *= 1 + rng.uniform(0.05, 0.6) * came * np.exp(-np.arange(n - start) / rng.uniform(60, 600))
    tokens = users * _lasting(rng, n, rng.uniform(0.04, 0.15), 3) * (0.4 + 0.6 * _at_work(rng, dates))
    return _bill(rng, "product", tokens * rng.lognormal(-1, 0.9), users / 9, tokens)


def pilot(rng: Rng, dates: np.ndarray) -> Bill:
    """A handful of people try a model out: tens of cents to tens of dollars a day."""
    people = rng.binomial(int(rng.integers(3, 12)), 0.6 * _at_work(rng, dates))
    prompts = np.array([rng.lognormal(0, 0.8, k).sum() for k in people])
    return _bill(rng, "pilot", prompts * rng.uniform(0.3, 6), 1 + people, prompts, ["spike", "step"])


def rebought(rng: Rng, dates: np.ndarray) -> Bill:
    """Commitments bought month by month, a machine more or less each time, spread over the month's days."""
    months, month = np.unique(dates.astype("datetime64[M]"), return_inverse=True)
    machines = np.maximum(5, rng.integers(20, 90) + np.cumsum(rng.integers(-2, 4, len(months))))
    days = days_to_month_end(dates) + month_day(dates)
    return _bill(rng, "rebought", machines[month] * rng.uniform(100, 900) / days, machines[month] + 0.0)


def granted(rng: Rng, dates: np.ndarray) -> Bill:
    """A grant of credits pays nearly all until it is used up, then the bill is there."""
    n = len(dates)
    spend = rng.lognormal(4.5, 0.8) * _lasting(rng, n, 0.08, 4) * (0.6 + 0.4 * _at_work(rng, dates))
    left = spend.sum() * rng.uniform(0.0, 0.12)
    paid = np.minimum(np.maximum(left - (np.cumsum(spend) - spend), 0), spend) * 0.97
    return _bill(rng, "granted", spend - paid, np.full(n, 14.0), spend)


def weekend_batch(rng: Rng, dates: np.ndarray) -> Bill:
    """Reports and re-indexing when nobody works; longer before the quarter's books close."""
    n, batch = len(dates), np.isin(weekday(dates), rng.choice([4, 5, 6], 2, replace=False))
    quarter = (month_day(dates) <= 5) & np.isin(dates.astype("datetime64[M]").astype(int) % 3, (0,))
    hours = 4 + batch * rng.uniform(20, 90) * rng.gamma(60, 1 / 60, n) * np.where(quarter, rng.uniform(1, 1.4), 1)
    return _bill(rng, "weekend_batch", hours * rng.lognormal(0.7, 0.8), 6 + hours / 5, hours)


def scaled(rng: Rng, dates: np.ndarray) -> Bill:
    """Nodes by the load of the day, in sizes of two, four and eight, with a floor and a ceiling."""
    load = rng.uniform(8, 40) * _lasting(rng, len(dates), rng.uniform(0.08, 0.3), rng.uniform(1, 12))
    load = load * (rng.uniform(0.3, 1) + (1 - 0.3) * _at_work(rng, dates))
    step = int(rng.choice([2, 4, 8]))
    hours = np.clip(np.ceil(load / step) * step, step, 90) * 24 - rng.integers(0, 20, len(dates))
    return _bill(rng, "scaled", hours * rng.uniform(0.1, 1.2), hours / 12, hours)


def developers(rng: Rng, dates: np.ndarray) -> Bill:
    """Machines of developers: on when they work, some left on overnight."""
    people, work = int(rng.integers(6, 70)), _at_work(rng, dates)
    on = rng.binomial(people, 0.9 * work) * rng.normal(9, 0.6, len(dates)) + rng.binomial(people, 0.03, len(dates)) * 15
    return _bill(rng, "developers", on * rng.uniform(0.2, 2), 1 + on / 8, on, ["spike", "step", "ramp", "dup"])


def pipeline(rng: Rng, dates: np.ndarray) -> Bill:
    """Continuous integration: commits by the working day, a rush before each release every few weeks."""
    n, every = len(dates), int(rng.integers(14, 40))
    rush = ((np.arange(n) + int(rng.integers(every))) % every < 3) * rng.uniform(0, 0.5)
    commits = rng.poisson(rng.uniform(15, 120) * (0.05 + _at_work(rng, dates)) * (1 + rush))
    minutes = commits * rng.gamma(30, 1 / 30, n) + 1
    return _bill(rng, "pipeline", minutes * rng.uniform(0.2, 3), 2 + commits, minutes)


def archive(rng: Rng, dates: np.ndarray) -> Bill:
    """Objects that pile up and move to colder storage once a month: a saw with a slow rise."""
    n, size, out = len(dates), rng.uniform(80, 500), np.zeros(len(dates))
    add, moves = rng.uniform(0.0005, 0.004), int(rng.integers(1, 28))
    for day, number in enumerate(month_day(dates)):
        size *= (1 + add * rng.uniform(0.3, 1.7)) * ((1 - 20 * add) if number == moves else 1)
        out[day] = size
    return _bill(rng, "archive", out * rng.uniform(0.1, 1), np.full(n, 22.0), out)


def now_and_then(rng: Rng, dates: np.ndarray) -> Bill:
    """A few days a month: an audit, an export, a tool that someone opens."""
    used = rng.random(len(dates)) < rng.uniform(0.07, 0.3)
    return _bill(rng, "now_and_then", used * rng.lognormal(2.5, 0.5, len(dates)), 1 + 3.0 * used, None, ["spike"])


def runs(rng: Rng, dates: np.ndarray) -> Bill:
    """Reserved GPUs for trainings that are planned by the week, over the team's notebooks."""
    n, busy = len(dates), np.zeros(len(dates))
    for week in range(0, n, 7):
        busy[week : week + 7] = rng.choice([0, 1, 2, 4], p=[0.35, 0.3, 0.2, 0.15])
    hours = (busy * 8 + 2 + _at_work(rng, dates)) * 24 * rng.uniform(0.95, 1, n)
    return _bill(rng, "runs", hours * rng.uniform(1.5, 4), 4 + 8 * busy, hours, ["spike", "zero", "missing", "dup"])


def spiky_api(rng: Rng, dates: np.ndarray) -> Bill:
    """Customers who come and go: usually calm, on one day in twenty-five twice as much."""
    n = len(dates)
    calls = _lasting(rng, n, 0.1, 2) * (1 + (rng.random(n) < 0.04) * rng.exponential(0.8, n))
    return _bill(rng, "spiky_api", calls * rng.lognormal(4, 0.8), 20 * calls, calls * 100)


PARTS: list[Callable[[Rng, np.ndarray], Bill]] = [
    product, rebought, weekend_batch, scaled, developers, pipeline, archive, spiky_api, granted,
]  # fmt: skip


def department(rng: Rng, dates: np.ndarray) -> Bill:
    """What a department's bills add up to, the larger ones first."""
    bills = [PARTS[int(n)](rng, dates) for n in rng.choice(len(PARTS), int(rng.integers(2, 7)), replace=False)]
    size = rng.lognormal(6, 0.7)
    weights = [size / (place + 1) / max(float(bill.cost.mean()), 0.01) for place, bill in enumerate(bills)]
    cost = sum((bill.cost * weight for bill, weight in zip(bills, weights, strict=True)), np.zeros(len(dates)))
    return _bill(rng, "department", cost, sum((bill.rows for bill in bills), np.zeros(len(dates))))


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team and what has no tags."""
    team, untagged = (PARTS[int(rng.integers(len(PARTS) - 1))](rng, dates) for _ in range(2))
    untagged.cost = untagged.cost * rng.uniform(0.2, 1.0) * np.median(team.cost) / max(np.median(untagged.cost), 0.01)
    for bill in (team, untagged):
        bill.archetype, bill.usage, bill.kinds, bill.group = "e_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [untagged]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    """Nothing for months, then a service is switched on; cents of trials before."""
    n, start = len(dates), int(rng.integers(92, len(dates) - 30))
    cost = np.where(rng.random(n) < rng.choice([0.0, 0.05]), 0.03, 0.0)
    cost[start:] = rng.lognormal(4, 1) * _lasting(rng, n - start, 0.15, 3)
    bill = _bill(rng, "new_sku", cost, np.where(cost > 1, 8.0, 1.0), cost * 3, [])
    bill.kinds, bill.new_from = [], start
    return bill


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Change the bill in place; the labels, and which days have no row."""
    n = len(bill.cost)
    gone, taken, events = np.zeros(n, bool), np.zeros(n, bool), []
    if bill.new_from is not None:
        start = bill.new_from
        return [Event("new_sku", "large", start, start + 13, start + 13, float(bill.cost[start:].sum()), "up")], gone
    clean, usual = bill.cost.copy(), float(np.median(bill.cost[bill.cost > 0]))
    # what stands out by itself: against the same weekdays around, on nineteen of twenty days less than this
    around = np.median([np.roll(clean, shift) for shift in (-14, -7, 7, 14)], axis=0)
    natural = float(np.quantile(np.abs(clean - around)[14:-14], 0.95))
    kinds = [kind for kind in bill.kinds if kind != "tag_loss"]
    for _ in range(rng.poisson(per_series) if kinds else 0):
        kind, start = str(rng.choice(kinds)), int(rng.integers(WARM_UP, n - 4))
        low, high = {"step": (5, 50), "drop_step": (5, 40), "ramp": (16, 40), "zero": (1, 4), "missing": (1, 3)}.get(
            kind, (1, 2)
        )
        end = n - 4 if kind == "price" else start + int(rng.integers(low, high)) - 1
        window = slice(max(0, start - 10), end + 16)
        idle = (clean[start : end + 1] < 0.3 * usual).any() and kind not in ("spike", "step")
        if end >= n - 3 or end - start > 120 + 300 * (kind == "price") or taken[window].any() or idle:
            continue
        size = max(float(rng.lognormal(0, 0.6)) * natural * 1.6, 0.2 * usual)
        before = bill.cost.copy()
        if kind in ("drop_step", "zero") and float(np.median(before[start : end + 1])) < 1.3 * natural:
            continue
        _apply(rng, bill, gone, kind, start, end, size)
        taken[window] = True
        changed = before if kind == "missing" else bill.cost - before
        amount, down = float(np.abs(changed[start : end + 1]).sum()), kind in ("drop_step", "zero", "missing")
        severity = "large" if size > 3 * natural else "medium"
        events.append(Event(kind, severity, start, end, end, amount, "down" if down else "up"))
    return events, gone


def _apply(rng: Rng, bill: Bill, gone: np.ndarray, kind: str, start: int, end: int, size: float) -> None:
    span, days = slice(start, end + 1), end + 1 - start
    before = bill.cost.copy()
    if kind == "missing":
        gone[span] = True
        return
    if kind == "price":
        bill.cost[span] = (bill.cost[span] * (1 + float(rng.choice([0.06, 0.1, 0.2, 0.35, 0.8])))).round(2)
        return
    if kind == "dup":
        bill.cost[span], bill.rows[span] = bill.cost[span] * 2, bill.rows[span] * 2
    elif kind == "zero":
        bill.cost[span] = 0.0
        bill.rows[span] = rng.choice([1.0, float(bill.rows[start])])
    elif kind == "drop_step":
        bill.cost[span] = np.maximum(bill.cost[span] * rng.uniform(0, 0.6), 0).round(2)
    else:
        grows = np.linspace(0, 1, days + 1)[1:] ** rng.uniform(0.7, 2) if kind == "ramp" else np.ones(days)
        bill.cost[span] += (size * (1.5 if kind == "ramp" else 1) * grows * rng.normal(1, 0.05, days)).round(2)
        bill.rows[span] += float(rng.choice([0, 0, 2]))
    if bill.usage is not None:
        bill.usage[span] *= np.where(before[span] > 0, bill.cost[span] / np.maximum(before[span], 0.01), 1)


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A day comes in two to nine files of unlike size; each is there on the first morning, the second, or the third."""
    n, files = len(bill.cost), int(rng.integers(2, 10))
    parts = rng.dirichlet(np.full(files, 3.0))
    morning = rng.geometric(rng.uniform(0.45, 0.9), (n, files)) + (weekdays[:, None] >= 5) * (rng.random() < 0.3)
    wobble = rng.normal(1, 0.02, n)
    first, second = ((morning <= limit) @ parts for limit in (1, 2))
    return np.clip(first * wobble, 0, 1), np.clip(second, 0, 1)


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    product: 18, pilot: 8, rebought: 8, granted: 10, weekend_batch: 10, scaled: 16, developers: 14, pipeline: 12,
    archive: 8, now_and_then: 8, runs: 8, spiky_api: 10, department: 30, tag_pair: 8, new_sku: 8,
}  # fmt: skip
LATE_SHARE = 0.35
