"""World F: customers, queues and tariffs. Demand comes from customers who sign and leave; the tariff makes the bill.

By assumptions of its own again: free allowances and tiers that begin anew each month, weekly full backups, retries and
backlogs that are worked off the day after, campaigns, school years, seats that are paid by the day, sandboxes that are
emptied on Fridays. What goes wrong is what an operator does: machines forgotten, debug logging, a
cache switched off, a key that leaks, a loop that grows each day until someone looks. It is sized in shares of the
month's bill, and left out where it would not even stand out of an ordinary week. Scored once before anyone looked.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import month_day, weekday
from benchmarks.anomaly_variations.plant import WARM_UP, Event
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

HABITS = (
    (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0, 0.9, 0.35, 0.3), (1.0, 1.05, 1.05, 1.0, 0.8, 0.1, 0.1),
    (0.7, 0.7, 0.75, 0.9, 1.3, 1.6, 1.4), (1.0, 1.0, 1.0, 0.8, 0.05, 0.1, 1.0),
)  # fmt: skip
"""Shares of the weekdays, Monday first: machines, offices, strict offices, leisure, offices closed on Friday."""


def _days(rng: Rng, dates: np.ndarray, habit: int | None = None) -> np.ndarray:
    """The week's habit, and now and then a day that people take off."""
    share = np.array(HABITS[int(rng.integers(len(HABITS))) if habit is None else habit])[weekday(dates)]
    off = rng.random(len(dates)) < 8 / 365
    return np.where(off, np.minimum(share, rng.uniform(0.1, 0.9)), share)


def _customers(rng: Rng, n: int, many: float) -> np.ndarray:
    """Sum of customers of very unlike size, who sign at any time and mostly stay."""
    total = np.zeros(n)
    for size in rng.pareto(1.6, int(many)) + 0.2:
        start = int(rng.integers(-n, n))
        end = start + int(rng.exponential(1.5 * n)) + 30
        total[max(0, start) : max(0, end)] += size
    return total + 0.5


def _bill(rng: Rng, name: str, cost: np.ndarray, rows: np.ndarray, usage: np.ndarray | None = None, kinds=COMMON):
    lines = np.maximum(1, rng.poisson(np.maximum(rows, 0.5)) if rng.random() < 0.4 else np.round(rows))
    kinds = [*kinds, *([] if usage is None else ["price"])]
    return Bill(f"f_{name}", cost, usage, lines.astype(float), kinds)


def platform(rng: Rng, dates: np.ndarray) -> Bill:
    """What customers call, day by day."""
    calls = _customers(rng, len(dates), rng.uniform(20, 120)) * _days(rng, dates)
    calls = calls * rng.gamma(1 / (spread := rng.uniform(0.01, 0.12)) ** 2, spread**2, len(dates))
    return _bill(rng, "platform", calls * rng.lognormal(0.5, 1), 5 + calls, calls)


def tokens(rng: Rng, dates: np.ndarray) -> Bill:
    """A few heavy users of a model: each works for some days, then not for some."""
    n, used = len(dates), np.zeros(len(dates))
    for _ in range(int(rng.integers(3, 25))):
        busy, turn, strength = False, rng.uniform(0.1, 0.5), rng.lognormal(0, 1)
        for day in range(n):
            busy = not busy if rng.random() < turn else busy
            used[day] += busy * strength * rng.lognormal(0, 0.4)
    used = (used + 0.2) * _days(rng, dates)
    return _bill(rng, "tokens", used * rng.lognormal(2, 0.8), 2 + used, used)


def allowance(rng: Rng, dates: np.ndarray) -> Bill:
    """Free up to an allowance that begins anew each month, dearer above: nothing at first, then all of it."""
    use = _customers(rng, len(dates), 30) * _days(rng, dates) * rng.gamma(90, 1 / 90, len(dates))
    free, done, cost = float(np.median(use)) * rng.uniform(3, 12), 0.0, np.zeros(len(dates))
    for day, number in enumerate(month_day(dates)):
        done = use[day] if number == 1 else done + use[day]
        cost[day] = np.clip(done - free, 0, use[day])
    return _bill(
        rng, "allowance", cost * rng.lognormal(1, 0.7), np.full(len(dates), 6.0), use, ["spike", "step", "dup"]
    )


def backups(rng: Rng, dates: np.ndarray) -> Bill:
    """Every day what changed, once a week all, once a month copied to another region."""
    full, size = weekday(dates) == int(rng.integers(7)), np.exp(np.cumsum(rng.normal(0.001, 0.004, len(dates))))
    cost = size * (1 + full * rng.uniform(2, 8) + (month_day(dates) == 1) * rng.uniform(0, 10))
    return _bill(rng, "backups", cost * rng.lognormal(3, 1), 4 + 10.0 * full, cost)


def queue(rng: Rng, dates: np.ndarray) -> Bill:
    """Jobs that come in bursts and are worked off as fast as the machines allow."""
    backlog, done = 0.0, np.zeros(len(dates))
    ceiling = rng.uniform(1.2, 3)
    for day, come in enumerate(rng.gamma(1.5, 1 / 1.5, len(dates)) * _days(rng, dates)):
        done[day] = min(ceiling, backlog + come)
        backlog += come - done[day]
    return _bill(rng, "queue", (0.1 + done) * rng.lognormal(4, 1), 3 + 20 * done, done)


def nodes(rng: Rng, dates: np.ndarray) -> Bill:
    """A pool of nodes that follows its load, in whole nodes, slow to let go."""
    load = rng.uniform(4, 30) * np.exp(np.cumsum(rng.normal(0, 0.02, len(dates)))) * (0.4 + 0.6 * _days(rng, dates))
    load = load * rng.lognormal(0, rng.uniform(0.03, 0.2), len(dates))
    pool = np.ceil(load)
    for day in range(1, len(pool)):
        pool[day] = max(pool[day], np.floor(0.7 * pool[day - 1]))
    return _bill(rng, "nodes", pool * rng.uniform(2, 40), 2 * pool, pool * 24)


def seats(rng: Rng, dates: np.ndarray) -> Bill:
    """People who join on the first of a month, paid by the day."""
    people = 20 + np.cumsum((month_day(dates) == 1) * rng.integers(-2, 6, len(dates)))
    return _bill(rng, "seats", np.maximum(people, 3) * rng.uniform(0.3, 2), np.full(len(dates), 3.0))


def sandbox(rng: Rng, dates: np.ndarray) -> Bill:
    """Tried out for a few days, emptied on Friday, left alone for weeks."""
    cost, on = np.zeros(len(dates)), 0.0
    for day, number in enumerate(weekday(dates)):
        on = rng.lognormal(3, 0.6) if rng.random() < 0.08 else 0.0 if number == 4 else on
        cost[day] = 0.4 + on * rng.uniform(0.7, 1.3)
    return _bill(rng, "sandbox", cost, 2 + cost / 9, cost * 3, ["spike", "step"])


def campaigns(rng: Rng, dates: np.ndarray) -> Bill:
    """Steady, and twice a quarter a campaign that rises within days and fades within weeks; nothing is wrong."""
    lift = np.ones(len(dates))
    for start in rng.integers(0, len(dates), rng.poisson(len(dates) / 50)):
        ago = np.arange(len(dates)) - start
        lift += (ago >= 0) * rng.uniform(0.1, 0.9) * np.exp(-np.maximum(ago, 0) / rng.uniform(3, 12))
    cost = lift * _days(rng, dates, int(rng.choice([0, 1, 3]))) * rng.lognormal(0, 0.04, len(dates))
    return _bill(rng, "campaigns", cost * rng.lognormal(4.5, 0.8), 10 * lift, cost * 50)


def school(rng: Rng, dates: np.ndarray) -> Bill:
    """Terms and holidays of weeks, which come and go over a few days."""
    day_of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
    term = 1 - 0.7 * np.isin(day_of_year // 7, [0, 12, 13, 26, 27, 28, 29, 30, 31, 32, 51])
    term = np.convolve(np.pad(term, (2, 2), "edge"), np.full(5, 0.2), "valid")
    cost = term * _days(rng, dates, 2) * rng.lognormal(0, 0.08, len(dates)) + 0.05
    return _bill(rng, "school", cost * rng.lognormal(4.5, 0.8), 30 * cost, cost * 9)


def credited(rng: Rng, dates: np.ndarray) -> Bill:
    """What a discount gives back: below zero, with what it is given on."""
    spend = _days(rng, dates, 0) * np.exp(np.cumsum(rng.normal(0, 0.01, len(dates)))) * rng.lognormal(4, 0.8)
    return _bill(rng, "credited", -0.3 * spend * rng.lognormal(0, 0.03, len(dates)), np.full(len(dates), 5.0), None, [])


PARTS: list[Callable[[Rng, np.ndarray], Bill]] = [platform, tokens, backups, queue, nodes, campaigns, school, seats]


def account(rng: Rng, dates: np.ndarray) -> Bill:
    """An account: a few of these side by side."""
    bills = [PARTS[int(n)](rng, dates) for n in rng.choice(len(PARTS), int(rng.integers(2, 6)), replace=False)]
    weights = rng.dirichlet(np.full(len(bills), 1.2)) * rng.lognormal(6, 0.8)
    cost = sum((w * b.cost / max(float(b.cost.mean()), 1e-9) for w, b in zip(weights, bills, strict=True)), np.zeros(1))
    return _bill(rng, "account", cost, sum((b.rows for b in bills), np.zeros(1)))


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team and what has no owner."""
    team, other = (PARTS[int(rng.integers(len(PARTS)))](rng, dates) for _ in range(2))
    other.cost = other.cost * rng.uniform(0.3, 1.5) * team.cost.mean() / other.cost.mean()
    for bill in (team, other):
        bill.archetype, bill.usage, bill.kinds, bill.group = "f_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [other]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    """Nothing at all, then a service in use."""
    start = int(rng.integers(95, len(dates) - 25))
    bill = PARTS[int(rng.integers(len(PARTS)))](rng, dates)
    bill.cost[:start], bill.rows[:start], bill.usage = 0.0, 1.0, None
    bill.cost[start:] = np.maximum(bill.cost[start:], 2.0)
    bill.archetype, bill.kinds, bill.new_from = "f_new_sku", [], start
    return bill


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Change the bill in place; the labels, and which days have no row."""
    n = len(bill.cost)
    gone, taken, events = np.zeros(n, bool), np.zeros(n, bool), []
    if bill.new_from is not None:
        start = bill.new_from
        amount = float(bill.cost[start : start + 14].sum())
        return [Event("new_sku", "large", start, start + 13, start + 13, amount, "up")], gone
    clean, mean = bill.cost.copy(), float(bill.cost.mean())
    # the middle of the weeks' largest differences to the week before: an ordinary week shows as much
    week_before = np.abs(clean[7:] - clean[:-7])
    ordinary = float(np.median([week_before[day : day + 7].max() for day in range(0, n - 14, 7)]))
    kinds = [kind for kind in bill.kinds if kind != "tag_loss"]
    for _ in range(rng.poisson(per_series) if kinds else 0):
        kind, start = str(rng.choice(kinds)), int(rng.integers(WARM_UP, n - 5))
        days = {"step": (4, 40), "drop_step": (5, 40), "ramp": (15, 40), "zero": (1, 4), "missing": (1, 3)}.get(
            kind, (1, 2)
        )
        end = n - 4 if kind == "price" else start + int(rng.integers(*days)) - 1
        window = slice(max(0, start - 9), end + 15)
        share = float(np.exp(rng.uniform(np.log(0.25), np.log(4.0))))
        size = share * mean
        quiet = float(clean[start : end + 1].min()) < max(0.4 * mean, 1.2 * ordinary)
        unseen = kind in ("spike", "step", "ramp") and size < 1.3 * ordinary
        if end >= n - 3 or taken[window].any() or unseen or (quiet and kind not in ("spike", "step", "ramp")):
            continue
        before = bill.cost.copy()
        _apply(rng, bill, gone, kind, slice(start, end + 1), size)
        taken[window] = True
        changed = before if kind == "missing" else bill.cost - before
        down = kind in ("drop_step", "zero", "missing")
        events.append(
            Event(
                kind, "large" if share > 1 else "medium", start, end, end,
                float(np.abs(changed[start : end + 1]).sum()), "down" if down else "up",
            )
        )  # fmt: skip
    return events, gone


def _apply(rng: Rng, bill: Bill, gone: np.ndarray, kind: str, span: slice, size: float) -> None:
    before, days = bill.cost[span].copy(), span.stop - span.start
    if kind == "missing":
        gone[span] = True
        return
    if kind == "price":
        bill.cost[span] *= float(rng.choice([0.8, 1.04, 1.08, 1.15, 1.3, 2.0]))
        return
    if kind == "dup":
        bill.cost[span], bill.rows[span] = 2 * bill.cost[span], 2 * bill.rows[span]
    elif kind == "zero":
        bill.cost[span], bill.rows[span] = 0.0, 1.0
    elif kind == "drop_step":
        bill.cost[span] *= rng.uniform(0, 0.55)
    elif kind == "ramp":
        # a loop doubles every so many days; a leak grows by the same amount every day
        grows = np.arange(1, days + 1) / days
        bill.cost[span] += 1.5 * size * (grows if rng.random() < 0.5 else 2.0 ** (4 * (grows - 1)))
    else:
        bill.cost[span] += size * rng.normal(1, 0.08, days)
        bill.rows[span] += float(rng.choice([0, 1, 24]))
    if bill.usage is not None:
        bill.usage[span] *= np.where(before > 0, bill.cost[span] / np.maximum(before, 1e-9), 1.0)


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hours of a day that are there: up to the last export, which runs every few hours and sometimes not at all."""
    n, reach = len(bill.cost), rng.uniform(0.3, 1.0)
    first = np.clip(reach + rng.normal(0, rng.uniform(0.02, 0.12), n), 0, 1)
    first[rng.random(n) < rng.choice([0.0, 0.02])] = 0.0
    return first, np.clip(first + (1 - first) * rng.uniform(0.8, 1, n), 0, 1)


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    platform: 22, tokens: 16, allowance: 8, backups: 12, queue: 12, nodes: 16, seats: 8, sandbox: 10, campaigns: 12,
    school: 10, credited: 6, account: 32, tag_pair: 8, new_sku: 8,
}  # fmt: skip
LATE_SHARE = 0.3
