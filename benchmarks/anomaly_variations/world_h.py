"""World H: resources. A bill is what each machine, volume, table and job costs; lines are counted, not assumed.

By assumptions of its own again: resources of very unlike size come and go one by one; people work in two-week
sprints, on moving feasts and paydays; shops live on a sale or two; some close their books every 4, 4 and 5 weeks. What
goes wrong has its cause in resources: a loop that starts more of them (and brings lines), a larger type (that brings
none), a file that is loaded twice, a region that is gone. It is kept where it changes the bill by more than its series
changes by itself on nine of ten days. Feeds lag by hours, each line by its own.
Written and scored once before anything was made by it.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import days_to_month_end, month_day, weekday
from benchmarks.anomaly_variations.plant import WARM_UP, Event
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

FEASTS = {
    "lunar": [("2025-01-28", 8), ("2026-02-16", 8), ("2024-09-15", 3), ("2025-10-01", 8)],
    "ramadan": [("2025-03-30", 4), ("2025-06-06", 4), ("2026-03-20", 4), ("2024-06-16", 4)],
    "nordic": [("2024-06-20", 3), ("2024-12-23", 10), ("2025-06-19", 3), ("2025-12-23", 10), ("2025-07-07", 25)],
    "andes": [("2024-07-28", 2), ("2025-04-17", 4), ("2025-07-28", 2), ("2024-12-24", 2), ("2025-12-24", 2)],
    "none": [],
}


def _people(rng: Rng, dates: np.ndarray) -> np.ndarray:
    """Who is at work: the country's feasts, its weekend, and fewer on the Friday that ends a sprint."""
    country = str(rng.choice(list(FEASTS)))
    free = np.isin(weekday(dates), (4, 5) if country == "ramadan" else (5, 6))
    share = np.where(free, rng.uniform(0, 0.3), 1.0)
    sprint = (dates.astype(int) // 7 + int(rng.integers(2))) % 2 == 0
    share = np.where(sprint & (weekday(dates) == 3), share * rng.uniform(0.7, 1.2), share)
    for first, days in FEASTS[country]:
        away = (dates >= np.datetime64(first)) & (dates < np.datetime64(first) + days)
        share = np.where(away, share * rng.uniform(0.1, 0.7), share)
    return share


def _resources(rng: Rng, n: int, many: float, life: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Cost and number of resources by day: they begin at random, live for so many days, and differ by `spread`."""
    cost, count = np.zeros(n), np.zeros(n)
    for _ in range(rng.poisson(many * (n + life) / life)):
        start = int(rng.integers(-int(life), n))
        span = slice(max(0, start), max(0, start + 1 + int(rng.exponential(life))))
        cost[span] += rng.lognormal(0, spread)
        count[span] += 1
    return cost + 0.3, count + 1


def _bill(name: str, cost: np.ndarray, rows: np.ndarray, usage: np.ndarray | None = None, kinds=COMMON) -> Bill:
    kinds = [*kinds, *([] if usage is None else ["price"])]
    return Bill(f"h_{name}", cost.round(6), usage, np.maximum(1, np.round(rows)), kinds)


def machines(rng: Rng, dates: np.ndarray) -> Bill:
    """A few dozen machines of all sizes; some are stopped when nobody works."""
    cost, count = _resources(rng, len(dates), rng.uniform(8, 60), rng.uniform(40, 300), 0.8)
    hours = cost * (1 - rng.uniform(0, 0.6) * (1 - _people(rng, dates))) * rng.gamma(900, 1 / 900, len(dates))
    return _bill("machines", hours * rng.lognormal(2, 0.8), 2 * count, hours * 24)


def jobs(rng: Rng, dates: np.ndarray) -> Bill:
    """Clusters that live for a job: a line each, most are short."""
    started = rng.poisson(rng.uniform(6, 80) * (0.15 + _people(rng, dates)))
    cost = np.array([rng.lognormal(0, 0.9, k).sum() for k in started]) + 0.1
    return _bill("jobs", cost * rng.lognormal(1.5, 0.8), 1 + started, cost)


def shop(rng: Rng, dates: np.ndarray) -> Bill:
    """Requests of shoppers: paydays, weekends, one great sale and a smaller one."""
    n, pay = len(dates), int(rng.choice([1, 15, 25]))
    busy = 1 + 0.3 * np.isin(weekday(dates), (5, 6)) * rng.uniform(-0.5, 1)
    busy = busy * np.where((month_day(dates) - pay) % 31 < 3, rng.uniform(1, 1.4), 1)
    for name, days, size in (("11-25", 6, rng.uniform(0.4, 2)), ("07-08", 3, rng.uniform(0.1, 0.8))):
        for year in ("2024", "2025", "2026"):
            sale = np.datetime64(f"{year}-{name}")
            busy = busy * np.where((dates >= sale) & (dates < sale + days), 1 + size, 1)
    wander = np.exp(np.cumsum(rng.normal(0, 0.012, n)))
    calls = busy * wander * rng.gamma(300, 1 / 300, n)
    return _bill("shop", calls * rng.lognormal(4, 0.8), 12 + rng.poisson(30, n), calls * 1e5)


def assistants(rng: Rng, dates: np.ndarray) -> Bill:
    """Tokens by team: each new model is tried by all, and kept by some."""
    n, used = len(dates), np.ones(len(dates)) * 0.3
    for _ in range(int(rng.integers(2, 7))):
        start, ago = int(rng.integers(-60, n)), np.zeros(n)
        ago[max(0, start) :] = np.arange(n - max(0, start)) + max(0, -start)
        there = np.arange(n) >= start
        used += there * rng.uniform(0.2, 1) * (0.4 + rng.uniform(0, 1.5) * np.exp(-ago / 9)) * (1 - np.exp(-ago / 4))
    tokens = used * (0.1 + _people(rng, dates)) * rng.gamma(40, 1 / 40, n)
    return _bill("assistants", tokens * rng.lognormal(3.5, 0.9), 3 + rng.poisson(25 * tokens), tokens * 1e6)


def volumes(rng: Rng, dates: np.ndarray) -> Bill:
    """Disks and snapshots: hardly a change from day to day; what is old goes on Sundays."""
    cost, count = _resources(rng, len(dates), rng.uniform(100, 400), 400, 0.6)
    kept = np.exp(0.002 * ((dates.astype(int) + 4) % 7))
    return _bill("volumes", cost * kept * rng.lognormal(-0.5, 0.7), count, cost * 100)


def training(rng: Rng, dates: np.ndarray) -> Bill:
    """Runs of days on rented GPUs, asked for by whoever has an idea; between them a notebook."""
    n, gpus = len(dates), np.full(len(dates), 1.0)
    for start in np.flatnonzero(rng.random(n) < rng.uniform(0.03, 0.15)):
        gpus[start : start + 1 + int(rng.exponential(4))] += 8 * int(rng.integers(1, 5))
    hours = gpus * 24 * rng.uniform(0.9, 1, n)
    return _bill("training", hours * rng.uniform(1, 3), 1 + gpus / 4, hours, ["spike", "zero", "missing", "dup"])


def books(rng: Rng, dates: np.ndarray) -> Bill:
    """Reports at the end of each period: of the month, or of 4, 4 and 5 weeks."""
    week = (dates.astype(int) - 4) // 7 % 13
    by_month = days_to_month_end(dates) < 2
    closing = by_month if rng.random() < 0.5 else np.isin(week, (3, 7, 12)) & (weekday(dates) >= 3)
    slots = 1 + closing * rng.uniform(0.5, 4) + 0.6 * _people(rng, dates)
    return _bill("books", slots * rng.gamma(150, 1 / 150, len(dates)) * rng.lognormal(4, 0.8), 4 + 3 * slots, slots)


def trials(rng: Rng, dates: np.ndarray) -> Bill:
    """An account in which something is tried every other week."""
    on = _resources(rng, len(dates), rng.uniform(0.2, 1.2), 3, 0.7)
    return _bill("trials", (on[0] - 0.3) * 15 + rng.choice([0.0, 0.4]), on[1], None, ["spike", "step"])


def discount(rng: Rng, dates: np.ndarray) -> Bill:
    """Credits by the day for what runs."""
    cost, count = _resources(rng, len(dates), 40, 200, 0.5)
    return _bill(
        "discount", -0.2 * cost * rng.gamma(400, 1 / 400, len(dates)), 0 * count + 3, None, ["zero", "missing"]
    )


PARTS: list[Callable[[Rng, np.ndarray], Bill]] = [machines, jobs, shop, assistants, volumes, training, books]


def owner(rng: Rng, dates: np.ndarray) -> Bill:
    """All that a department has: sizes by a power law, so that one of them is most of it."""
    bills = [PARTS[int(k)](rng, dates) for k in rng.choice(len(PARTS), int(rng.integers(2, 7)))]
    size = rng.lognormal(6, 0.8)
    cost = sum((b.cost / b.cost.mean() * size / (k + 1) ** 1.3 for k, b in enumerate(bills)), np.zeros(len(dates)))
    return _bill("owner", cost, sum((b.rows for b in bills), np.zeros(len(dates))))


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team, and what carries no tag."""
    team, other = (PARTS[int(rng.integers(len(PARTS)))](rng, dates) for _ in range(2))
    other.cost = other.cost * rng.uniform(0.2, 1.5) * team.cost.mean() / other.cost.mean()
    for bill in (team, other):
        bill.archetype, bill.usage, bill.kinds, bill.group = "h_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [other]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    """A service that is switched on and grows into use within days."""
    bill, start = PARTS[int(rng.integers(len(PARTS)))](rng, dates), int(rng.integers(90, len(dates) - 28))
    bill.cost[:start], bill.rows[:start], bill.usage = 0.0, 1.0, None
    bill.cost[start:] = np.maximum(bill.cost[start:] * (1 - 0.6 * np.exp(-np.arange(len(dates) - start) / 3)), 3.0)
    bill.archetype, bill.kinds, bill.new_from = "h_new_sku", [], start
    return bill


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Change the bill in place; the labels, and which days have no row."""
    n = len(bill.cost)
    gone, taken, events = np.zeros(n, bool), np.zeros(n, bool), []
    if bill.new_from is not None:
        start = bill.new_from
        return [Event("new_sku", "large", start, start + 13, start + 13, float(bill.cost[start:].sum()), "up")], gone
    clean, usual = bill.cost.copy(), float(np.median(np.abs(bill.cost)))
    moves = float(np.quantile(np.abs(clean[7:] - clean[:-7]), 0.9))
    kinds = [kind for kind in bill.kinds if kind != "tag_loss"]
    for _ in range(rng.poisson(1.3 * per_series) if kinds else 0):
        kind, start = str(rng.choice(kinds)), int(rng.integers(WARM_UP, n - 5))
        low, high = {"step": (5, 60), "drop_step": (5, 50), "ramp": (18, 50), "zero": (1, 5), "missing": (1, 4)}.get(
            kind, (1, 2)
        )
        end = n - 4 if kind == "price" else start + int(rng.integers(low, high)) - 1
        window = slice(max(0, start - 10), end + 16)
        if end >= n - 3 or taken[window].any():
            continue
        span = slice(start, end + 1)
        if kind in ("dup", "zero", "missing", "drop_step") and float(np.abs(clean[span]).min()) < 0.3 * usual:
            continue
        extra = max(usual, 0.5) * float(rng.lognormal(-0.1, 0.8))
        before, lines = bill.cost.copy(), bill.rows.copy()
        used = None if bill.usage is None else bill.usage.copy()
        gone[span] |= kind == "missing"
        _apply(rng, bill, kind, span, extra)
        changed = np.abs(before if kind == "missing" else bill.cost - before)[span]
        small = float(changed.max()) < 1.25 * moves and kind not in ("price", "missing", "dup", "zero")
        if small:
            bill.cost, bill.rows, bill.usage = before, lines, used
            continue
        taken[window] = True
        down = kind in ("drop_step", "zero", "missing")
        size = "large" if float(changed.max()) > 4 * moves else "medium"
        events.append(Event(kind, size, start, end, end, float(changed.sum()), "down" if down else "up"))
    return events, gone


def _apply(rng: Rng, bill: Bill, kind: str, span: slice, extra: float) -> None:
    days, before = span.stop - span.start, bill.cost[span].copy()
    if kind == "price":
        bill.cost[span] *= float(rng.choice([1.04, 1.1, 1.2, 1.5, 0.85]))
        return
    if kind == "dup":
        bill.cost[span], bill.rows[span] = 2 * bill.cost[span], 2 * bill.rows[span]
    elif kind == "zero":
        bill.cost[span], bill.rows[span] = 0.0, np.maximum(1, np.round(bill.rows[span] * rng.choice([0.0, 0.3])))
    elif kind == "drop_step":
        left = rng.uniform(0, 0.6)
        bill.cost[span] *= left
        bill.rows[span] = np.maximum(1, np.round(bill.rows[span] * (left if rng.random() < 0.6 else 1)))
    elif kind in ("spike", "step", "ramp"):
        grows = np.ones(days) if kind != "ramp" else (np.arange(1, days + 1) / days) ** rng.uniform(0.8, 1.6)
        bill.cost[span] += (1.6 if kind == "ramp" else 1) * extra * grows * rng.gamma(200, 1 / 200, days)
        # a loop starts resources, each with its lines; a larger type has none
        looped = rng.random() < 0.4
        ratio = bill.cost[span] / np.maximum(np.abs(before), 1e-9)
        bill.rows[span] = np.round(bill.rows[span] * np.minimum(ratio, 9)) if looped else bill.rows[span] + 1
    if bill.usage is not None and kind != "missing":
        bill.usage[span] *= np.where(np.abs(before) > 0, bill.cost[span] / np.where(before == 0, 1, before), 1)


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hours until a line is there are lognormal; the export reads at a fixed hour, a Sunday's one later."""
    n, middle, spread = len(bill.cost), rng.uniform(2, 20), rng.uniform(0.3, 1.0)
    slow = np.where(weekdays == 6, rng.choice([1.0, 1.5]), 1.0) * rng.lognormal(0, 0.08, n)
    hours = np.arange(24)[None, :]
    shares = []
    for morning in (1, 2):
        waited = 24 * morning + 6 - hours
        done = 0.5 * (1 + np.tanh(0.8 * np.log(np.maximum(waited, 0.1) / (middle * slow[:, None])) / spread))
        shares.append(done.mean(axis=1))
    return shares[0], np.maximum(*shares)


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    machines: 20, jobs: 16, shop: 16, assistants: 18, volumes: 12, training: 12, books: 12, trials: 10, discount: 6,
    owner: 34, tag_pair: 8, new_sku: 8,
}  # fmt: skip
LATE_SHARE = 0.3
