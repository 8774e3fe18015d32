"""World D: hours, people and machines. Bills are simulated by the hour, and what goes wrong has a cause of its own.

By other assumptions than the worlds before: an incident is a thing that costs money by the hour (a forgotten cluster,
an agent in a loop, a leak), so it is added to the bill instead of multiplying it, begins in the middle of a day, and is
sized in money instead of noise; feeds lag by hours instead of shares, and now and then a morning sees nothing.
Written before the detector's second revision, which it did not guide but for one fault; it did guide the third.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import HOLIDAYS, days_to_month_end, month_day, off_days, weekday
from benchmarks.anomaly_variations.plant import WARM_UP, Event, noise_of
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

COUNTRIES = [c for c in HOLIDAYS if c != "none"]
HOUR = np.arange(24)


def _hours(rng: Rng, n: int, swing: float) -> np.ndarray:
    """Demand by the hour around 1, with a peak in somebody's afternoon and weather that lasts for hours."""
    day = 1 + swing * np.cos((HOUR - rng.integers(24)) / 24 * 2 * np.pi)
    return day[None, :] * rng.gamma(30, 1 / 30, (n, 24)) * rng.gamma(120, 1 / 120, (n, 1))


def _bill(rng: Rng, name: str, cost: np.ndarray, lines: np.ndarray, usage: np.ndarray | None = None, kinds=COMMON):
    rows = np.maximum(1, np.round(lines + rng.poisson(0.01 * np.maximum(lines, 1))))
    return Bill(name, cost.round(4), usage, rows, [*kinds, *([] if usage is None else ["price"])])


def agents(rng: Rng, dates: np.ndarray) -> Bill:
    """Sessions of agents: few are long and cost most; more people use them every month, fewer on days off."""
    n = len(dates)
    people = 20 * np.exp(np.arange(n) * rng.uniform(0, 0.006)) * rng.uniform(0.5, 4)
    sessions = rng.poisson(people * np.where(off_days(dates, rng.choice(COUNTRIES)), rng.uniform(0.1, 0.7), 2.0))
    tokens = np.array([np.minimum(rng.lognormal(0, 1.3, k), 60).sum() for k in sessions]) + 0.2
    return _bill(rng, "d_agents", tokens * rng.uniform(0.4, 3), np.full(n, rng.integers(2, 40)) + 0.0, tokens)


def chat(rng: Rng, dates: np.ndarray) -> Bill:
    """A public assistant: requests by the hour, and a release now and then after which people stay or leave."""
    n = len(dates)
    interest = np.ones(n)
    for start in rng.integers(0, n, rng.poisson(2)):
        interest[start:] *= 1 + rng.uniform(-0.1, 0.25) * (1 - np.exp(-np.arange(n - start) / 10))
    requests = interest * _hours(rng, n, 0.6).sum(axis=1) * np.where(weekday(dates) >= 5, rng.uniform(0.6, 1.1), 1)
    return _bill(rng, "d_chat", requests * rng.lognormal(2, 0.9), np.full(n, 24.0 * rng.integers(1, 4)), requests * 9)


def node_pool(rng: Rng, dates: np.ndarray) -> Bill:
    """A cluster autoscaler: whole nodes for the hour's demand, slow to let them go."""
    n, pods = len(dates), rng.uniform(20, 300)
    off = np.where(off_days(dates, rng.choice(COUNTRIES)), rng.uniform(0.5, 1), 1)[:, None]
    wanted = (pods * off * _hours(rng, n, rng.uniform(0.1, 0.7))).ravel()
    nodes, kept = np.zeros(n * 24), 0.0
    for hour, demand in enumerate(wanted):
        kept = max(np.ceil(demand / 10), kept * 0.92)
        nodes[hour] = np.ceil(kept)
    hours = np.maximum(nodes, 2).reshape(n, 24).sum(axis=1)
    return _bill(rng, "d_node_pool", hours * rng.uniform(0.1, 1.5), hours / 6, hours)


def asleep(rng: Rng, dates: np.ndarray) -> Bill:
    """Development machines that a schedule stops in the evening and on the days off of their country."""
    off, machines = off_days(dates, rng.choice(COUNTRIES)), rng.integers(5, 80)
    up = rng.binomial(machines, np.where(off, rng.uniform(0, 0.04), rng.uniform(0.75, 0.98)))
    hours = up * rng.normal(10, 0.5, len(dates)) + machines * rng.choice([0.0, 0.3])
    return _bill(rng, "d_asleep", hours * rng.uniform(0.3, 2), 1 + up, hours, ["spike", "step", "ramp", "dup"])


def net_of_credits(rng: Rng, dates: np.ndarray) -> Bill:
    """Spend less credits that are booked in lumps on some working days: small, sometimes negative."""
    spend = rng.lognormal(4.5, 0.7) * rng.gamma(150, 1 / 150, len(dates))
    lumps = (weekday(dates) == rng.integers(5)) & (rng.random(len(dates)) < rng.choice([0.25, 0.9]))
    cost = spend - lumps * spend.mean() * rng.uniform(1, 6)
    return _bill(rng, "d_net_of_credits", cost, np.full(len(dates), 18.0), None, ["spike", "step", "dup"])


def serverless(rng: Rng, dates: np.ndarray) -> Bill:
    """Functions behind a shop: payday, campaigns of a few days, quiet weekends."""
    n = len(dates)
    busy = _hours(rng, n, 0.7).sum(axis=1) * np.where(weekday(dates) >= 5, rng.uniform(0.5, 1.5), 1)
    busy = busy * np.where(np.isin(month_day(dates), (25, 26)), rng.uniform(1, 1.5), 1)
    for start in rng.integers(0, n, rng.poisson(n / 60)):
        busy[start : start + rng.integers(1, 4)] *= rng.uniform(1.1, 1.35)
    return _bill(rng, "d_serverless", busy * rng.lognormal(1.2, 0.8), busy * rng.uniform(0.2, 3), busy * 1e4)


def disks(rng: Rng, dates: np.ndarray) -> Bill:
    """Volumes by the GB-hour: nearly a line, a little more each week, a clean-up each quarter."""
    n = len(dates)
    size = 100 * np.exp(np.cumsum(np.maximum(rng.normal(0.001, 0.002, n), -0.001)))
    size = size * np.where((np.arange(n) // int(rng.integers(80, 100))) % 2 == 1, rng.uniform(0.9, 0.97), 1)
    return _bill(rng, "d_disks", size * rng.lognormal(-0.5, 0.8), np.full(n, 30.0), size)


def always_on(rng: Rng, dates: np.ndarray) -> Bill:
    """Machines that run all day long: the same cost to the cent, until one is added or taken away."""
    n, count = len(dates), rng.integers(3, 30) + np.zeros(len(dates))
    for start in rng.integers(0, n, rng.poisson(1)):
        count[start:] += 1
    return _bill(rng, "d_always_on", count * 24 * rng.uniform(0.2, 3), count * 2, count * 24)


def warehouse(rng: Rng, dates: np.ndarray) -> Bill:
    """Query slots: a load every night, a full reload on one weekday, books closed on the first working days."""
    n = len(dates)
    cost = rng.lognormal(4, 0.7) * rng.gamma(40, 1 / 40, n) * np.where(weekday(dates) >= 5, rng.uniform(0.2, 0.8), 1)
    cost = cost * np.where(weekday(dates) == rng.integers(7), rng.uniform(1, 4), 1)
    cost = cost * np.where(month_day(dates) <= rng.integers(1, 4), rng.uniform(1, 2.5), 1)
    return _bill(rng, "d_warehouse", cost, 20 + cost / cost.mean() * rng.uniform(0, 20), cost * 3)


def trainings(rng: Rng, dates: np.ndarray) -> Bill:
    """Runs of hours to days on eight to sixty-four GPUs, one after the other with pauses, over an inference floor."""
    n = len(dates)
    hours, hour = np.full(n * 24, rng.choice([0.0, 8.0])), 0
    while hour < n * 24:
        hour += int(rng.exponential(rng.uniform(20, 150)))
        length = int(rng.lognormal(3, 1))
        hours[hour : hour + length] += 8 * rng.integers(1, 9)
        hour += length
    used = hours.reshape(n, 24).sum(axis=1)
    return _bill(rng, "d_trainings", used * 2.1, 1 + used / 24, used, ["spike", "dup", "missing", "zero"])


def sandbox(rng: Rng, dates: np.ndarray) -> Bill:
    """A person tries things on some of their working days, and leaves things on over the weekend."""
    n = len(dates)
    here = ~off_days(dates, rng.choice(COUNTRIES)) & (rng.random(n) < rng.uniform(0.15, 0.7))
    cost = here * rng.lognormal(2.5, 0.8, n)
    forgot = np.flatnonzero(here & (rng.random(n) < 0.1))
    for day in forgot:
        cost[day : day + int(rng.integers(2, 4))] = np.maximum(cost[day : day + 3].max(), cost[day])
    return _bill(rng, "d_sandbox", cost, 1 + 5 * here, None, ["spike", "step", "dup"])


def invoices(rng: Rng, dates: np.ndarray) -> Bill:
    """Software from the marketplace: a fee on a day of the month, or the working day after; support in percent."""
    cost = rng.uniform(3, 60) * rng.normal(1, 0.01, len(dates))
    for _ in range(int(rng.integers(1, 3))):
        due = int(rng.integers(1, 28))
        for day in np.flatnonzero(month_day(dates) == due):
            moved = day + (7 - weekday(dates)[day] if weekday(dates)[day] >= 5 else 0)
            cost[min(moved, len(cost) - 1)] += rng.lognormal(5, 0.1)
    last = days_to_month_end(dates) == 0
    return _bill(rng, "d_invoices", cost + last * rng.choice([0, 120.0]), np.full(len(dates), 6.0))


def transfer(rng: Rng, dates: np.ndarray) -> Bill:
    """Traffic between regions: correlated from day to day, restores of backups now and then."""
    n, level = len(dates), 0.0
    out = np.zeros(n)
    for day in range(n):
        level = 0.7 * level + rng.normal(0, 0.12)
        out[day] = np.exp(level) + (rng.random() < 0.02) * rng.exponential(0.6)
    return _bill(rng, "d_transfer", out * rng.lognormal(4, 0.9), np.full(n, 14.0), out * 100)


PARTS: list[Callable[[Rng, np.ndarray], Bill]] = [
    agents, chat, node_pool, asleep, serverless, disks, always_on, warehouse, transfer, trainings, invoices,
]  # fmt: skip


def whole(rng: Rng, dates: np.ndarray) -> Bill:
    """An account or a provider: three to eight of the others, the sizes far apart."""
    cost, rows = np.zeros(len(dates)), np.zeros(len(dates))
    for number in rng.choice(len(PARTS), int(rng.integers(3, 9)), replace=False):
        bill = PARTS[number](rng, dates)
        cost += bill.cost * rng.lognormal(5, 0.9) / max(float(bill.cost.mean()), 0.01)
        rows += bill.rows
    return Bill("d_whole", cost.round(4), None, rows.round(), list(COMMON))


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team and what nobody has tagged."""
    team, untagged = (PARTS[int(rng.integers(0, 8))](rng, dates) for _ in range(2))
    untagged.cost = untagged.cost * rng.uniform(0.3, 1.2) * np.median(team.cost) / max(np.median(untagged.cost), 0.01)
    for bill in (team, untagged):
        bill.archetype, bill.usage, bill.kinds, bill.group = "d_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [untagged]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    """A line that begins within a day and grows over its first weeks."""
    n = len(dates)
    start = int(rng.integers(95, n - 25))
    cost = np.zeros(n)
    grows = 1 + rng.uniform(0, 2) * (1 - np.exp(-np.arange(n - start) / 12))
    cost[start:] = rng.lognormal(4, 1.2) * grows * rng.gamma(25, 1 / 25, n - start)
    cost[start] *= rng.uniform(0.3, 1)
    bill = _bill(rng, "d_new_sku", cost, np.where(cost > 0, 10.0, 1.0), cost * 2, [])
    bill.kinds, bill.new_from = [], start
    return bill


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Add what went wrong to the bill in place; the labels, and which days have no row."""
    n = len(bill.cost)
    gone, taken, events = np.zeros(n, bool), np.zeros(n, bool), []
    if bill.new_from is not None:
        start = bill.new_from
        amount = float(bill.cost[start : start + 14].sum())
        return [Event("new_sku", "large", start, start + 13, start + 13, amount, "up")], gone
    level, scatter = noise_of(bill.cost)
    kinds = [k for k in bill.kinds if k != "tag_loss"]
    for _ in range(rng.poisson(per_series) if kinds else 0):
        kind = str(rng.choice(kinds))
        start, length = int(rng.integers(WARM_UP, n)), _length(rng, kind)
        end = n - 1 if kind == "price" else start + length - 1
        around = slice(max(0, start - 8), n if kind == "price" else end + 15)
        small = (np.abs(bill.cost[start : end + 1]) < 0.25 * level).any()
        if end >= n - (kind != "price") * 3 or start > n - 8 or taken[around].any():
            continue
        if small and kind in ("zero", "missing", "dup", "drop_step", "price"):
            continue
        size = max(float(rng.lognormal(-0.2, 0.9)) * level, float(rng.uniform(5, 8)) * scatter)
        before = bill.cost.copy()
        _apply(rng, bill, gone, kind, slice(start, end + 1), size)
        taken[around] = True
        amount = float(np.abs(bill.cost - before)[start : end + 1].sum())
        severity = "subtle" if size < 7 * scatter else "medium" if size < 14 * scatter else "large"
        if kind == "missing":
            amount = float(np.abs(before[start : end + 1]).sum())
        down = kind in ("drop_step", "zero", "missing")
        events.append(Event(kind, severity, start, end, end, amount, "down" if down else "up"))
    return events, gone


def _length(rng: Rng, kind: str) -> int:
    longest = {"step": (4, 60), "drop_step": (5, 40), "ramp": (14, 50), "zero": (1, 4), "missing": (1, 4)}
    return int(rng.integers(*longest.get(kind, (1, 2))))


def _apply(rng: Rng, bill: Bill, gone: np.ndarray, kind: str, span: slice, size: float) -> None:
    cost, rows, days = bill.cost, bill.rows, span.stop - span.start
    price = cost / np.maximum(bill.usage, 1e-9) if bill.usage is not None else None
    begun = float(rng.uniform(0.3, 1))
    if kind == "missing":
        gone[span] = True
    elif kind == "dup":
        for values in (cost, rows, *([] if bill.usage is None else [bill.usage])):
            values[span] *= 2
        return
    elif kind == "price":
        cost[span] *= 1 + float(np.clip(rng.lognormal(-1.2, 0.7), 0.05, 1.5))
        return
    elif kind == "zero":
        cost[span] *= 0
        rows[span] = 1 if rng.random() < 0.5 else rows[span]
    elif kind == "drop_step":
        cost[span] *= 1 - rng.uniform(0.35, 1.0) * np.concatenate([[begun], np.ones(days - 1)])
    elif kind == "ramp":
        size = max(size, 0.5 * noise_of(cost)[0])
        cost[span] += size * np.expm1(np.linspace(0, rng.uniform(0.5, 2), days + 1)[1:]) / np.e
    elif kind == "step":
        cost[span] += size * np.concatenate([[begun], np.ones(days - 1)]) * rng.normal(1, 0.02, days)
        rows[span] += int(rng.integers(0, 4))
    else:
        cost[span] += size
        rows[span] += int(rng.integers(0, 3))
    if price is not None:
        metered = ~gone & (cost != 0) & (price > 0)
        bill.usage = np.where(metered, cost / np.maximum(price, 1e-9), np.asarray(bill.usage))


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A feed that is some hours behind, longer over weekends; now and then a morning finds nothing."""
    n, behind = len(bill.cost), rng.uniform(4, 20)
    lag = behind * rng.gamma(60, 1 / 60, n) * np.where(weekdays >= 5, rng.choice([1.0, 1.3]), 1)
    first = np.clip(1 - lag / 24, 0.02, 1)
    second = np.clip(1 - np.maximum(lag * rng.gamma(20, 1 / 20, n) - 22, 0) / 24, 0.3, 1)
    nothing = rng.random(n) < 0.015
    return np.where(nothing, 0.0, first), second


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    agents: 14, chat: 12, node_pool: 16, asleep: 14, net_of_credits: 8, serverless: 12, disks: 8, always_on: 8,
    warehouse: 10, trainings: 8, sandbox: 8, invoices: 8, transfer: 8, whole: 24, tag_pair: 7, new_sku: 8,
}  # fmt: skip
LATE_SHARE = 0.35
