"""World G: hour by hour. Machines, sessions and jobs run in their country's hours; a day of the bill is 24 hours UTC.

By assumptions of its own once more: local time and summer time, so that an evening's work falls on two billing days;
sessions that bring on others; nodes that are asked for at once and given back late, spot machines that are taken away;
job queues with a fixed number of GPUs; night jobs that repair what they missed; plans with an included quantity per
day; teams that are away together for weeks. What goes wrong multiplies what is there, and is labelled only where a
person who sees both would tell the day (or the days' mean) from the four weeks around it. Some days are delivered
twice in part: one of several files. Written and scored once before the detector's fourth revision, and once after it.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import month_day, weekday
from benchmarks.anomaly_variations.plant import WARM_UP, Event
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

AWAY = {
    "korea": (9, ["01-01", "03-01", "05-05", "06-06", "08-15", "10-03", "10-09"], [("09-14", 5), ("01-28", 4)]),
    "mexico": (-6, ["02-03", "03-17", "05-01", "09-16", "11-18", "12-12"], [("12-22", 13), ("04-14", 6)]),
    "sweden": (1, ["01-06", "05-01", "06-06", "11-01"], [("07-07", 30), ("12-23", 12), ("06-20", 2)]),
    "nigeria": (1, ["01-01", "05-01", "06-12", "10-01"], [("03-30", 3), ("06-06", 3), ("12-24", 4)]),
    "indonesia": (7, ["01-01", "01-29", "05-12", "08-17"], [("03-28", 11), ("12-24", 4)]),
    "chile": (-4, ["05-01", "05-21", "07-16", "09-18", "09-19", "10-31"], [("02-03", 20)]),
}
"""Hours from UTC, single days off, and weeks in which most of a team are away (first day, days)."""


def _staff(rng: Rng, dates: np.ndarray, idle: float) -> np.ndarray:
    """Share of the people at work in every hour of every day, by local time; some weeks half of them are ill."""
    offset, single, spans = AWAY[str(rng.choice(list(AWAY)))]
    text = np.array([str(day)[5:] for day in dates])
    present = np.where(np.isin(weekday(dates), (5, 6)), rng.uniform(0.0, 0.2), 1.0)
    present[np.isin(text, single)] *= 0.1
    for first, days in spans:
        for start in np.flatnonzero(text == first):
            present[start : start + days] *= rng.uniform(0.1, 0.6)
    present *= np.clip(1 - rng.gamma(0.3, 0.08, len(dates)), 0.5, 1)
    hour = np.arange(24) - offset
    shift = np.arange(len(dates)) > rng.integers(60, 250)
    office = np.array([[1.0 if 8 <= (h + s) % 24 < 18 else idle for h in hour] for s in (0, 1)])
    return present[:, None] * office[shift.astype(int)] + idle * (1 - present[:, None])


def _drift(rng: Rng, n: int, sd: float) -> np.ndarray:
    """A level that moves by fat-tailed steps now and then, and hardly at all in between."""
    return np.exp(np.cumsum(rng.standard_t(3, n) * (rng.random(n) < 0.06) * sd))


def _bill(rng: Rng, name: str, hours: np.ndarray, rows: np.ndarray | float, price: float, kinds=COMMON):
    """From hours of something to days of a bill; usage is measured, lines are counted or fixed."""
    quantity = hours.sum(axis=1) if hours.ndim > 1 else hours
    lines = np.maximum(1, np.round(np.broadcast_to(np.asarray(rows, float), quantity.shape)))
    usage = quantity.copy() if rng.random() < 0.7 else None
    return Bill(f"g_{name}", quantity * price, usage, lines.copy(), [*kinds, *([] if usage is None else ["price"])])


def chat(rng: Rng, dates: np.ndarray) -> Bill:
    """Tokens of a chat: what people write about brings others; prompts become longer from version to version."""
    n, rate = len(dates), np.zeros(len(dates))
    excited = 0.0
    for day in range(n):
        rate[day] = 1 + excited
        excited = excited * rng.uniform(0.3, 0.8) + (rng.random() < 0.05) * rng.exponential(0.5)
    people = _staff(rng, dates, rng.uniform(0.05, 0.6)) * (rate * _drift(rng, n, 0.15))[:, None]
    tokens = rng.negative_binomial(4, 1 / (1 + people * rng.uniform(20, 400) / 4)) * 1.0
    return _bill(rng, "chat", tokens, 3 + tokens.sum(axis=1) / 90, rng.lognormal(-2.5, 1))


def agents(rng: Rng, dates: np.ndarray) -> Bill:
    """Agents that run until they are done: few a day, of very unlike length, more of them every month."""
    n = len(dates)
    started = rng.poisson(rng.uniform(3, 40) * np.exp(np.arange(n) * rng.uniform(0, 0.004)))
    used = np.array([rng.lognormal(0, 0.9, k).sum() for k in started]) + 0.2
    return _bill(rng, "agents", used, 1 + started, rng.lognormal(1, 0.8))


def pool(rng: Rng, dates: np.ndarray) -> Bill:
    """Nodes asked for at once and given back after hours; on spot, until the market takes them for some days."""
    work = _staff(rng, dates, rng.uniform(0.2, 0.8)).ravel()
    load = (
        rng.uniform(4, 30) * work * np.repeat(rng.gamma(30, 1 / 30, len(dates)), 24) * rng.gamma(20, 1 / 20, len(work))
    )
    nodes, keep = np.ceil(load), rng.uniform(0.7, 0.95)
    for hour in range(1, len(nodes)):
        nodes[hour] = max(nodes[hour], np.floor(keep * nodes[hour - 1]))
    taken = np.zeros(len(dates))
    for start in np.flatnonzero(rng.random(len(dates)) < rng.choice([0.0, 0.01])):
        taken[start : start + int(rng.integers(1, 4))] = rng.uniform(0.1, 0.6)
    hours = nodes.reshape(-1, 24) * (1 + taken)[:, None]
    return _bill(rng, "pool", hours, 2 + hours.max(axis=1), rng.uniform(0.1, 1.5))


def dev_account(rng: Rng, dates: np.ndarray) -> Bill:
    """Machines that start with the working day and are stopped at night; a few are forgotten."""
    hours = _staff(rng, dates, rng.uniform(0.0, 0.08)) * rng.uniform(4, 40)
    hours = rng.poisson(hours) + 1.0 * int(rng.integers(0, 2))
    return _bill(rng, "dev_account", hours, 1 + hours.max(axis=1), rng.uniform(0.1, 1.2), [*COMMON[:4], "dup"])


def gpu_queue(rng: Rng, dates: np.ndarray) -> Bill:
    """Trainings wait for a fixed number of GPUs; nights and weekends work off what came in the week."""
    gpus, waiting = int(rng.choice([8, 16, 32])), 0.0
    come = rng.poisson(rng.uniform(0.3, 0.9) * gpus / 40 * _staff(rng, dates, 0.05)).ravel()
    busy = np.zeros(len(come))
    for hour, jobs in enumerate(come):
        waiting += rng.lognormal(3.4, 1.0, jobs).sum()
        busy[hour] = min(gpus, waiting)
        waiting -= busy[hour]
    used = busy.reshape(-1, 24) + 0.05 * gpus
    return _bill(rng, "gpu_queue", used, 2 + used.sum(axis=1) / 24, rng.uniform(1.5, 5))


def night_job(rng: Rng, dates: np.ndarray) -> Bill:
    """A job each night that takes longer as the tables grow; after a failure the next night does two days."""
    n, size = len(dates), np.exp(np.arange(len(dates)) * rng.uniform(0, 0.002))
    size *= np.where(weekday(dates) == 0, rng.uniform(1, 1.5), 1) * np.where(
        month_day(dates) == 2, rng.uniform(1, 4), 1
    )
    failed = rng.random(n) < rng.choice([0.0, 0.008])
    nights = np.where(failed, 0.4, np.where(np.roll(failed, 1), 1.7, 1)) * size * rng.gamma(200, 1 / 200, n)
    return _bill(rng, "night_job", nights * 30, 12, rng.uniform(0.5, 6))


def plan(rng: Rng, dates: np.ndarray) -> Bill:
    """So much is included every day; above it the meter runs."""
    calls = _staff(rng, dates, 0.3).sum(axis=1) * _drift(rng, len(dates), 0.1) * rng.gamma(60, 1 / 60, len(dates))
    above = np.maximum(calls - rng.uniform(0.2, 0.9) * np.median(calls), 0)
    return _bill(rng, "plan", rng.uniform(0, 4) + above, 5, rng.lognormal(2.5, 0.8), [*COMMON[:4], "dup"])


def lake(rng: Rng, dates: np.ndarray) -> Bill:
    """Stored bytes: data sets arrive whole and stay, old ones are deleted on the first of a quarter."""
    n, arrives = len(dates), rng.random(len(dates)) < 0.03
    size = 1 + np.cumsum(arrives * rng.gamma(1, 0.02, n) + rng.gamma(2, 0.0006, n))
    return _bill(rng, "lake", size, 9, rng.lognormal(4.5, 1))


def delivery(rng: Rng, dates: np.ndarray) -> Bill:
    """Bytes to viewers: weekends are the working days, matches on some, releases every other Thursday."""
    match = np.isin(weekday(dates), (2, 5)) & (rng.random(len(dates)) < 0.4)
    release = (weekday(dates) == 3) & (((dates.astype(int) // 7) % 2) == int(rng.integers(2)))
    out = 1 + 0.3 * np.isin(weekday(dates), (5, 6)) + match * rng.uniform(0, 0.5) + release * rng.uniform(0, 0.8)
    out = out * _drift(rng, len(dates), 0.08) * rng.gamma(120, 1 / 120, len(dates))
    return _bill(rng, "delivery", out, 20 * out, rng.lognormal(4.5, 0.7))


def sandbox(rng: Rng, dates: np.ndarray) -> Bill:
    """Whatever somebody starts is removed after three days; some weeks nobody does."""
    cost = np.full(len(dates), 0.6)
    for start in np.flatnonzero(rng.random(len(dates)) < rng.uniform(0.04, 0.25)):
        cost[start : start + int(rng.integers(1, 4))] += rng.lognormal(2.5, 0.7)
    return _bill(rng, "sandbox", cost, 1 + np.ceil(cost / 8), 1.0, ["spike", "step", "dup"])


def refund(rng: Rng, dates: np.ndarray) -> Bill:
    """A commitment's discount, below zero: what is used up to what was promised, given back day by day."""
    used = _staff(rng, dates, 0.6).sum(axis=1) * rng.gamma(90, 1 / 90, len(dates))
    bill = _bill(rng, "refund", np.minimum(used, np.quantile(used, 0.6)), 4, rng.lognormal(2, 0.6), ["zero", "missing"])
    bill.cost, bill.usage, bill.kinds = -bill.cost, None, ["zero", "missing"]
    return bill


PARTS: list[Callable[[Rng, np.ndarray], Bill]] = [
    chat, agents, pool, gpu_queue, night_job, plan, lake, delivery, dev_account,
]  # fmt: skip


def region(rng: Rng, dates: np.ndarray) -> Bill:
    """All that an account has in a region: a few of these, and what is charged as a share of their sum."""
    bills = [PARTS[int(n)](rng, dates) for n in rng.choice(len(PARTS), int(rng.integers(2, 6)), replace=False)]
    cost = sum((bill.cost * rng.lognormal(5, 0.6) / bill.cost.mean() for bill in bills), np.zeros(len(dates)))
    rows = sum((bill.rows for bill in bills), np.zeros(len(dates)))
    bill = _bill(rng, "region", cost * 1.07, rows, 1.0)
    bill.usage, bill.kinds = None, COMMON
    return bill


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team and what nobody tagged."""
    team, other = (PARTS[int(rng.integers(len(PARTS)))](rng, dates) for _ in range(2))
    other.cost = other.cost * rng.uniform(0.3, 1.2) * team.cost.mean() / other.cost.mean()
    for bill in (team, other):
        bill.archetype, bill.usage, bill.kinds, bill.group = "g_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [other]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    """Not there, then in use from one day to the next."""
    bill, start = PARTS[int(rng.integers(len(PARTS)))](rng, dates), int(rng.integers(90, len(dates) - 28))
    bill.cost[:start], bill.rows[:start], bill.usage = 0.0, 1.0, None
    bill.cost[start:] = np.maximum(bill.cost[start:], 3.0)
    bill.archetype, bill.kinds, bill.new_from = "g_new_sku", [], start
    return bill


def _stands_out(before: np.ndarray, after: np.ndarray, first: int, last: int) -> bool:
    """Whether the days' mean, or their first and last days, lie outside of what windows as long show nearby."""
    days = last + 1 - first
    width = min(days, 7)
    means = np.convolve(before, np.ones(width) / width, "valid")
    near = np.r_[means[max(0, first - 28) : first - width + 1], means[last + 1 : last + 29]]
    now = float(after[last + 1 - width : last + 1].mean())
    low, high = np.quantile(near, (0.04, 0.96))
    room = max(0.35 * (high - low), 0.08 * float(np.median(np.abs(near))), 1.0)
    return now > high + room or now < low - room


LONG = {"step": (4, 45), "drop_step": (4, 45), "ramp": (14, 45), "zero": (1, 4), "missing": (1, 3)}


def plant(rng: Rng, bill: Bill, per_series: float) -> tuple[list[Event], np.ndarray]:
    """Change the bill in place; the labels, and which days have no row."""
    n = len(bill.cost)
    gone, taken, events = np.zeros(n, bool), np.zeros(n, bool), []
    if bill.new_from is not None:
        start = bill.new_from
        return [Event("new_sku", "large", start, start + 13, start + 13, float(bill.cost[start:].sum()), "up")], gone
    kinds = [kind for kind in bill.kinds if kind != "tag_loss"]
    for _ in range(rng.poisson(1.6 * per_series) if kinds else 0):
        kind, start = str(rng.choice(kinds)), int(rng.integers(WARM_UP, n - 5))
        end = n - 4 if kind == "price" else start + int(rng.integers(*LONG.get(kind, (1, 2)))) - 1
        if end >= n - 3 or taken[max(0, start - 10) : end + 16].any():
            continue
        kept = [None if values is None else values.copy() for values in (bill.cost, bill.usage, bill.rows)]
        _apply(rng, bill, kind, slice(start, end + 1))
        before, after = kept[0], bill.cost
        assert before is not None
        told = kind in ("price", "missing") or _stands_out(before, after, start, end)
        told &= (
            float(np.abs(before[start : end + 1]).min()) > 0.25 * float(np.median(np.abs(before))) or kind in COMMON[:2]
        )
        if not told:
            bill.cost, bill.usage, bill.rows = before, kept[1], kept[2]  # pyright: ignore[reportAttributeAccessIssue]
            continue
        gone[start : end + 1] |= kind == "missing"
        taken[max(0, start - 10) : end + 16] = True
        changed = float(np.abs((before if kind == "missing" else after - before)[start : end + 1]).sum())
        down = kind in ("drop_step", "zero", "missing")
        events.append(Event(kind, "medium", start, end, end, changed, "down" if down else "up"))
    return events, gone


def _apply(rng: Rng, bill: Bill, kind: str, span: slice) -> None:
    days = span.stop - span.start
    shape = np.linspace(0, 1, days + 1)[1:]
    factor: np.ndarray | float = 1.0
    if kind == "price":
        bill.cost[span] *= float(rng.choice([1.05, 1.12, 1.25, 1.6]))
        return
    if kind == "dup":
        factor = 2.0 if rng.random() < 0.8 else 1 + 1 / int(rng.integers(2, 4))
        bill.rows[span] = np.round(bill.rows[span] * factor)
    elif kind == "zero":
        factor = float(rng.choice([0.0, 0.0, 0.02]))
        bill.rows[span] = np.maximum(1, np.round(bill.rows[span] * rng.choice([0.0, 1.0])))
    elif kind == "drop_step":
        factor = rng.uniform(0.05, 0.7)
    elif kind == "ramp":
        top = rng.uniform(0.5, 3)
        factor = 1 + top * (shape, shape**2, 1 / (1 + np.exp(-10 * (shape - 0.5))))[int(rng.integers(3))]
    elif kind in ("spike", "step"):
        factor = 1 + float(np.exp(rng.uniform(np.log(0.2), np.log(5))))
        if rng.random() < 0.4:
            bill.rows[span] = np.round(bill.rows[span] * factor)
    if kind != "missing":
        bill.cost[span] *= factor
        if bill.usage is not None:
            bill.usage[span] *= factor


def lateness(rng: Rng, bill: Bill, weekdays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The export reads what arrived until its hour; meters report within hours, one of several within a day or two."""
    n, slow = len(bill.cost), rng.uniform(0, 0.5)
    first = (1 - slow) * np.clip(rng.normal(0.97, 0.02, n), 0, 1) + slow * rng.beta(1.5, 3, n)
    second = 1 - slow * rng.beta(1, 12, n)
    outage = rng.random(n) < rng.choice([0.0, 0.0, 0.015])
    return np.where(outage, 0.0, first), np.maximum(np.where(outage, first, second), np.where(outage, 0.0, first))


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    chat: 18, agents: 12, pool: 18, dev_account: 16, gpu_queue: 10, night_job: 12, plan: 10, lake: 8, delivery: 10,
    sandbox: 10, refund: 6, region: 32, tag_pair: 8, new_sku: 8,
}  # fmt: skip
LATE_SHARE = 0.3
