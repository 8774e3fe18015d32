"""World J: tokens, GPUs and their clusters. A bill is requests x tokens x the price of the model that answers them.

By assumptions of its own again: traffic moves from a model to its successor in waves, prompts are cached until the next
deployment, batches end the day after, quotas cap a day and are raised, evaluations run on a weekday and move with a
holiday, spot machines run short and dearer ones stand in, reservations begin and end by contract. What was decided by
somebody and is seen at once (a wave, a quota, a reservation, the last credit) is debatable and on the ignore list.
What goes wrong is in `world_j_incidents`. Scored once before anything was made by it.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import month_day, weekday
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

FREE_DAYS = {
    "turkey": ["2024-06-15/5", "2024-07-15", "2024-08-30", "2024-10-28/2", "2025-03-29/4", "2025-04-23", "2025-05-19",
               "2025-06-06/4", "2025-07-15", "2025-10-28/2", "2026-03-19/4", "2026-04-23", "2026-05-26/5"],
    "vietnam": ["2024-08-31/4", "2025-01-25/9", "2025-04-07", "2025-04-30/5", "2025-08-30/4", "2026-02-14/9",
                "2026-04-30/4"],
    "egypt": ["2024-06-15/6", "2024-07-25", "2024-10-06", "2025-01-07", "2025-03-30/4", "2025-04-20/2", "2025-06-05/5",
              "2025-07-24", "2025-10-09", "2026-01-07", "2026-03-19/5", "2026-05-26/5"],
    "canada": ["2024-07-01", "2024-09-02", "2024-10-14", "2024-12-24/9", "2025-04-18/4", "2025-05-19", "2025-07-01",
               "2025-09-01", "2025-10-13", "2025-12-24/9", "2026-04-03/4", "2026-05-18", "2026-07-01"],
    "argentina": ["2024-07-09", "2024-08-17", "2024-10-11", "2024-12-24/2", "2025-03-03/2", "2025-04-17/2",
                  "2025-05-01/2", "2025-07-09", "2025-11-21/4", "2026-02-16/2", "2026-03-23/2", "2026-05-25"],
}  # fmt: skip
"""First day and number of days that a country's people are away."""


def _work(rng: Rng, dates: np.ndarray, left: float) -> np.ndarray:
    """Share of working-day use: `left` on weekends and free days."""
    country = str(rng.choice(list(FREE_DAYS)))
    away = np.isin(weekday(dates), (4, 5) if country == "egypt" else (5, 6))
    for span in FREE_DAYS[country]:
        first, _, days = span.partition("/")
        begin = np.datetime64(first)
        away |= (dates >= begin) & (dates < begin + int(days or 1))
    return np.where(away, left, 1.0)


def _walk(rng: Rng, n: int, daily: float, spread: float) -> np.ndarray:
    """A level that drifts a little each day under noise of one day's own."""
    return np.exp(np.cumsum(rng.normal(0.0005, daily, n)) + rng.standard_t(5, n) * spread)


def _bill(
    rng: Rng,
    name: str,
    cost: np.ndarray,
    rows: np.ndarray,
    usage: np.ndarray | None = None,
    kinds: list[str] | None = None,
    debatable: list[tuple[int, int]] | None = None,
) -> Bill:
    kinds = [*(kinds or COMMON), *([] if usage is None else ["price"])]
    lines = np.maximum(1.0, np.round(rows))
    return Bill(f"j_{name}", cost.round(6), usage, lines, kinds, debatable=debatable or [])


def _waves(rng: Rng, n: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Share of the traffic on the old model, and the days on which a quarter or more of it moved."""
    old, sharp, day = np.ones(n), [], int(rng.integers(40, n + 150))
    for share in sorted(rng.uniform(0.03, 0.95, int(rng.integers(3, 7))), reverse=True):
        if day >= n:
            break
        if share < 0.75 * old[day]:
            sharp.append((day, day + 4))
        old[day:], day = share, day + int(rng.integers(3, 12))
    return old, sharp


def model(rng: Rng, dates: np.ndarray) -> Bill:
    """One model of a provider: users by the working day, until its traffic moves to the successor in waves."""
    n = len(dates)
    old, sharp = _waves(rng, n)
    tokens = _walk(rng, n, 0.008, rng.uniform(0.03, 0.09)) * _work(rng, dates, rng.uniform(0.3, 0.9)) * old
    return _bill(rng, "model", tokens * rng.lognormal(4.5, 1), 6 + 40 * tokens, tokens * 1e6, debatable=sharp)


def provider(rng: Rng, dates: np.ndarray) -> Bill:
    """All models of a provider: the same traffic, a little cheaper after each migration, dearer after a launch."""
    n = len(dates)
    old, _ = _waves(rng, n)
    cost = _walk(rng, n, 0.006, rng.uniform(0.02, 0.06)) * _work(rng, dates, rng.uniform(0.4, 0.9))
    cost = cost * (old + (1 - old) * rng.uniform(0.75, 1.15))
    for start in rng.integers(0, n, rng.poisson(1.0)):  # a feature is opened to all users over some weeks
        cost[start:] *= 1 + rng.uniform(0.1, 0.8) / (1 + np.exp(-(np.arange(n - start) - 15) / 5))
    return _bill(rng, "provider", cost * rng.lognormal(5.5, 0.8), 50 + 20 * cost)


def cached(rng: Rng, dates: np.ndarray) -> Bill:
    """Long prompts that are read from the cache for a tenth; each deployment fills it anew for some hours."""
    n = len(dates)
    hit = np.clip(rng.uniform(0.5, 0.85) + np.cumsum(rng.normal(0, 0.003, n)), 0.3, 0.93)
    filled = (rng.random(n) < rng.uniform(0.5, 2.5) / 7) * rng.uniform(0.02, 0.25, n)
    tokens = _walk(rng, n, 0.006, 0.05) * _work(rng, dates, rng.uniform(0.5, 1))
    paid = tokens * (1 - 0.9 * hit * (1 - filled)) * rng.lognormal(5, 0.8)
    return _bill(rng, "cached", paid, 30 + 0 * tokens, tokens * 1e6)


def batch(rng: Rng, dates: np.ndarray) -> Bill:
    """Half-price batches handed in on working days, answered on that day or the next; a backfill now and then."""
    n = len(dates)
    asked = _work(rng, dates, rng.uniform(0, 0.2)) * rng.gamma(25, 1 / 25, n)
    asked += (rng.random(n) < 0.015) * rng.uniform(0.5, 1.5, n)
    today = rng.beta(6, 4, n)
    tokens = asked * today + np.roll(asked * (1 - today), 1)
    return _bill(rng, "batch", tokens * rng.lognormal(4, 0.8), 2 + 8 * tokens, tokens * 1e6, ["spike", "step", "dup"])


def evaluations(rng: Rng, dates: np.ndarray) -> Bill:
    """A suite once a week, on the day after if that day is free, longer with each model that is added."""
    n, day = len(dates), int(rng.integers(0, 5))
    due, free = weekday(dates) == day, _work(rng, dates, 0.0) < 0.5
    moved = due & free
    runs = (due & ~moved) | np.roll(moved, 1) | np.roll(moved & np.roll(free, -1), 2) | (rng.random(n) < 0.01)
    length = (1 + np.cumsum(rng.random(n) < 0.02) * 0.12) * rng.gamma(80, 1 / 80, n)
    hours = rng.uniform(0.02, 0.15) * rng.gamma(20, 1 / 20, n) + runs * length
    return _bill(rng, "evaluations", hours * rng.lognormal(5, 0.7), 3 + 60 * hours, hours * 1e5, ["spike", "missing"])


def agents(rng: Rng, dates: np.ndarray) -> Bill:
    """Sessions of agents, most of them cheap, a few a hundred times as dear."""
    n = len(dates)
    sessions = rng.poisson(rng.uniform(60, 600) * _work(rng, dates, rng.uniform(0.1, 0.5)) * _walk(rng, n, 0.01, 0.01))
    cost = np.array([rng.lognormal(0, 1.3, k).sum() for k in sessions]) + 0.5
    return _bill(rng, "agents", cost * rng.uniform(0.05, 2), 1 + sessions / 3, cost * 9e4, ["spike", "step", "ramp"])


def capped(rng: Rng, dates: np.ndarray) -> Bill:
    """Demand above the quota is refused and comes again next day; the quota is raised once or never."""
    n, quota, debatable = len(dates), np.ones(len(dates)), []
    for start in rng.integers(40, n - 20, rng.poisson(0.6)):
        quota[start:] *= rng.uniform(1.2, 2)
        debatable.append((int(start), int(start) + 6))
    demand = _walk(rng, n, 0.012, 0.12) * _work(rng, dates, 0.6) * rng.uniform(0.8, 1.2)
    served, waits = np.zeros(n), 0.0
    for day in range(n):
        served[day] = min(demand[day] + waits, quota[day])
        waits = 0.4 * (demand[day] + waits - served[day])
    return _bill(rng, "capped", served * rng.lognormal(4.8, 0.8), 12 + 0 * served, served * 1e6, debatable=debatable)


def credited(rng: Rng, dates: np.ndarray) -> Bill:
    """A block of credits pays a share of each day until it is gone or expires; a second block may come later."""
    n = len(dates)
    spend, share = _walk(rng, n, 0.006, 0.05) * _work(rng, dates, 0.6), np.zeros(n)
    begin, end = int(rng.integers(0, 60)), int(rng.integers(90, n - 20))
    share[begin:end] = rng.choice([0.3, 0.5, 1.0])
    debatable = [(begin, begin + 8), (end, end + 8)]
    return _bill(
        rng, "credited", spend * (1 - share) * rng.lognormal(5, 0.7), 18 + 0 * spend, None, debatable=debatable
    )


def reservation(rng: Rng, dates: np.ndarray) -> Bill:
    """GPU blocks by contract, one after another, with hours beside them by demand."""
    n, machines, day, debatable = len(dates), np.zeros(len(dates)), -int(rng.integers(0, 100)), []
    while day < n:
        ends = day + int(rng.choice([28, 56, 91, 182]))
        machines[max(day, 0) : max(ends, 0)] = rng.choice([4, 8, 16])
        debatable += [(day, day + 8)] if day > 0 else []
        day = ends + int(rng.choice([0, 0, 7]))
        debatable += [(ends, ends + 8)] if 0 < ends < min(day, n) else []
    hours = machines * 24 + rng.gamma(3, 4, n) * _work(rng, dates, 0.3)
    kinds = ["spike", "zero", "missing", "dup", "drop_step"]
    return _bill(rng, "reservation", hours * rng.uniform(1.5, 5), machines + 2, None, kinds, debatable)


def node_pool(rng: Rng, dates: np.ndarray) -> Bill:
    """Nodes by load on spot machines; in a shortage of one to four days some run on demand, three times as dear."""
    n, load = len(dates), rng.uniform(5, 60) * _walk(rng, len(dates), 0.01, rng.uniform(0.04, 0.15))
    hours = np.ceil(np.maximum(load * _work(rng, dates, rng.uniform(0.4, 1)), 2)) * 24
    hours -= rng.uniform(0, 0.2, n) * hours
    dear = np.zeros(n)
    for start in np.flatnonzero(rng.random(n) < 1 / 45):
        dear[start : start + int(rng.integers(1, 5))] = rng.uniform(0.05, 0.35)
    return _bill(rng, "node_pool", hours * (1 + 2 * dear) * rng.uniform(0.05, 0.6), hours / 10, hours)


def fine_tuning(rng: Rng, dates: np.ndarray) -> Bill:
    """Some weeks somebody tunes a model for one to five days; between, a notebook or nothing."""
    n, hours = len(dates), np.zeros(len(dates))
    for start in np.flatnonzero(rng.random(n) < rng.uniform(0.04, 0.12)):
        hours[start : start + int(rng.integers(1, 6))] += rng.choice([8, 16, 32]) * rng.uniform(0.6, 1)
    cost = (hours + rng.uniform(0, 3) * _work(rng, dates, 0)) * rng.uniform(2, 12)
    return _bill(rng, "fine_tuning", cost, 1 + hours, None, ["spike", "step"])


def dev_account(rng: Rng, dates: np.ndarray) -> Bill:
    """An account of developers abroad: nearly nothing when they are away, some machines left on."""
    n, people = len(dates), int(rng.integers(5, 50))
    on = rng.binomial(people, 0.85 * _work(rng, dates, 0.03)) * rng.normal(1, 0.06, n) + people * rng.uniform(0, 0.2)
    return _bill(rng, "dev_account", on * rng.uniform(1, 14), 2 + 3 * on, on * 9, ["spike", "step", "ramp", "zero"])


def vectors(rng: Rng, dates: np.ndarray) -> Bill:
    """An index in pods of a fixed size, one more when it is full, and built anew beside the old every few weeks."""
    n, full = len(dates), rng.uniform(3, 12) * np.exp(rng.uniform(0, 0.003) * np.arange(len(dates)))
    every, phase = int(rng.integers(21, 50)), int(rng.integers(50))
    builds = (np.arange(n) + phase) % every < rng.choice([1, 2])
    cost = (np.ceil(full) + builds * full * rng.uniform(0.1, 0.6)) * 24 * rng.uniform(0.1, 1.2)
    return _bill(rng, "vectors", cost * rng.normal(1, 0.002, n), 4 + np.ceil(full), None)


def seats(rng: Rng, dates: np.ndarray) -> Bill:
    """Assistants by the seat: all seats on the first of the month, the rest of the month for who joins."""
    n = len(dates)
    count = rng.uniform(40, 400) + np.cumsum(rng.poisson(rng.uniform(0.1, 1.5), n))
    joined = np.diff(count, prepend=count[0]) * (31 - month_day(dates)) / 30
    cost = np.where(month_day(dates) == 1, count, joined) * rng.choice([10, 19, 39])
    return _bill(rng, "seats", cost, 1 + np.where(month_day(dates) == 1, count, joined), None, ["spike"])


PARTS: list[Callable[[Rng, np.ndarray], Bill]] = [
    model, provider, cached, batch, evaluations, agents, capped, credited, node_pool, dev_account, vectors, fine_tuning,
]  # fmt: skip


def business_unit(rng: Rng, dates: np.ndarray) -> Bill:
    """All that a unit runs, the dearest services first; what is debatable in a part is debatable in the whole."""
    parts = [PARTS[int(k)](rng, dates) for k in rng.choice(len(PARTS), int(rng.integers(3, 7)), replace=False)]
    cost, rows, size = np.zeros(len(dates)), np.zeros(len(dates)), float(rng.lognormal(6, 0.8))
    for place, part in enumerate(parts):
        cost += part.cost / max(float(part.cost.mean()), 0.01) * size * 0.6**place
        rows += part.rows
    return _bill(rng, "business_unit", cost, rows, None, None, [span for part in parts[:3] for span in part.debatable])


def key_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team's keys and the keys that nobody claims."""
    team, unclaimed = (PARTS[int(rng.choice([1, 2, 8, 9]))](rng, dates) for _ in "ab")
    unclaimed.cost = unclaimed.cost / max(unclaimed.cost.mean(), 0.01) * team.cost.mean() * rng.uniform(0.1, 0.9)
    for bill in (team, unclaimed):
        bill.archetype, bill.usage, bill.kinds, bill.group = "j_key_pair", None, ["tag_loss"], "pair"
    team.peers = [unclaimed]
    return team


def new_model(rng: Rng, dates: np.ndarray) -> Bill:
    """A model that was tried out for cents, or not at all, until a product takes it."""
    n, start = len(dates), int(rng.integers(90, len(dates) - 30))
    cost = np.where(rng.random(n) < rng.choice([0.0, 0.1]), rng.uniform(0, 0.2), 0.0)
    taken = np.minimum(1, rng.uniform(0.3, 1) + np.arange(n - start) / rng.uniform(5, 40))
    cost[start:] = taken * rng.lognormal(4, 0.9) * _walk(rng, n - start, 0.01, 0.1)
    bill = _bill(rng, "new_model", cost, 1 + cost / 5)
    bill.kinds, bill.new_from = [], start
    return bill


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    model: 18, provider: 14, cached: 12, batch: 8, evaluations: 8, agents: 10, capped: 10, credited: 8, reservation: 8,
    node_pool: 16, fine_tuning: 6, dev_account: 14, vectors: 8, seats: 4, business_unit: 22, key_pair: 7, new_model: 8,
}  # fmt: skip
LATE_SHARE = 0.4
