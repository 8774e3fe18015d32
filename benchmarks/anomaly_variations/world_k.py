"""World K: the books of an old enterprise. A bill is what its dates demand: closes, backups, renewals, runs and rules.

By assumptions of its own again: the books close over the last and first working days; backups rotate by day, week and
month and are kept for as long as their rotation says; licences renew on a day and are paid in one sum; logs grow with
each release and are cut by a retention rule; objects change their tier on the day a rule reaches them; a shop has its
seasons and its campaigns; a marketplace takes its fee days after; a euro contract is billed in dollars at the day's or
the month's rate; support is a percentage of the rest; tags are rolled out team by team, as planned. What someone
planned and all see (a trial of the emergency site, a refund, an expired reservation, a yearly true-up) is on the
ignore list. What goes wrong is in `world_k_incidents`. Scored once before anything was made by it.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import days_to_month_end, month_day, weekday
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

CLOSED = {
    "italy": ["01-01/1", "01-06/1", "04-25/1", "05-01/1", "06-02/1", "08-11/12", "11-01/1", "12-08/1", "12-24/8"],
    "japan": ["01-01/3", "02-11/1", "02-23/1", "04-29/1", "05-03/4", "08-13/3", "09-15/1", "11-03/1", "12-30/2"],
    "us": ["01-01/1", "01-20/1", "05-26/1", "06-19/1", "07-04/1", "09-01/1", "11-27/2", "12-24/2"],
    "finland": ["01-01/1", "01-06/1", "05-01/1", "06-20/2", "07-10/14", "12-06/1", "12-24/3"],
}
"""Holidays by country: month and day, and how many days."""


def _open(rng: Rng, dates: np.ndarray) -> np.ndarray:
    """Working days of one of the countries."""
    shut, holidays = weekday(dates) >= 5, CLOSED[str(rng.choice(list(CLOSED)))]
    for year in np.unique(dates.astype("datetime64[Y]")):
        for span in holidays:
            first, days = span.split("/")
            begin = np.datetime64(f"{year}-{first}")
            shut |= (dates >= begin) & (dates < begin + int(days))
    return ~shut


def _noise(rng: Rng, n: int, spread: float) -> np.ndarray:
    """Each day's own, and a slow tide of a month or so."""
    tide = np.cumsum(rng.normal(0, 1, n))
    tide -= np.convolve(tide, np.ones(61) / 61, mode="same")
    return np.exp(rng.normal(0, spread, n) + 0.3 * spread * tide / max(float(tide.std()), 1e-9))


def _bill(
    rng: Rng, name: str, cost: np.ndarray, rows: np.ndarray, usage: np.ndarray | None = None,
    kinds: list[str] | None = None, debatable: list[tuple[int, int]] | None = None,
) -> Bill:  # fmt: skip
    """Cents are rounded; lines are whole."""
    kinds = [*(kinds or COMMON), *([] if usage is None else ["price"])]
    return Bill(f"k_{name}", cost.round(2), usage, np.maximum(1.0, np.round(rows)), kinds, debatable=debatable or [])


def _planned(rng: Rng, n: int, a_year: float, days: int) -> list[tuple[int, int]]:
    """Spans that were announced, some a year."""
    starts = rng.integers(30, n - days - 1, rng.poisson(a_year * n / 365))
    return [(int(start), int(start) + days - 1) for start in starts]


def ledger(rng: Rng, dates: np.ndarray) -> Bill:
    """The books' machines: the close takes the month's last two and first three working days."""
    n, work = len(dates), _open(rng, dates)
    months = dates.astype("datetime64[M]").astype(int)
    nth = np.array([work[(months == months[day]) & (np.arange(n) <= day)].sum() for day in range(n)])
    left = np.array([work[(months == months[day]) & (np.arange(n) > day)].sum() for day in range(n)])
    close = work & ((nth <= 3) & (month_day(dates) < 10) | (left < 2) & (days_to_month_end(dates) < 6))
    hours = np.where(work, 1, rng.uniform(0.3, 0.8)) * (1 + close * rng.uniform(0.3, 2.5) * rng.gamma(40, 1 / 40, n))
    hours = hours * _noise(rng, n, rng.uniform(0.01, 0.05))
    return _bill(rng, "ledger", hours * rng.lognormal(5, 0.8), 20 + 10 * hours, hours * 100)


def backup(rng: Rng, dates: np.ndarray) -> Bill:
    """What is kept: a small backup each day for two weeks, a full one each week for five, one a month for a year."""
    n, size = len(dates), np.exp(rng.uniform(0, 0.001) * np.arange(len(dates)))
    full, kept = int(rng.integers(0, 7)), np.zeros(len(dates))
    for day in range(-370, n):
        date, made = dates[0] + day, size[max(day, 0)]
        weekly = int(weekday(np.array([date]))[0]) == full
        monthly = weekly and int(month_day(np.array([date]))[0]) <= 7
        lasts = 365 if monthly else 35 if weekly else 14
        volume = made * (1.0 if weekly else rng.uniform(0.02, 0.08))
        kept[max(day, 0) : max(day + lasts, 0)] += volume
    written = 1 + 0.3 * (weekday(dates) == full)
    return _bill(rng, "backup", kept * written * rng.uniform(3, 60), kept * 6, kept * 1000)


def licences(rng: Rng, dates: np.ndarray) -> Bill:
    """Renewed on their days of the month, some more each quarter; once a year what was used too much is paid."""
    n, cost = len(dates), np.zeros(len(dates))
    for _ in range(int(rng.integers(1, 5))):
        due = month_day(dates) == rng.integers(1, 29)
        cost += due * rng.lognormal(6, 0.9) * (1 + 0.03 * np.floor(np.arange(n) / 91))
    extra = _planned(rng, n, 0.7, 1)
    for day, _ in extra:
        cost[day] += rng.lognormal(7, 0.5)
    return _bill(rng, "licences", cost, 1 + 2.0 * (cost > 0), None, ["spike"], extra)


def logs(rng: Rng, dates: np.ndarray) -> Bill:
    """Logs by traffic; a release makes them some percent louder or quieter, a noisy hour now and then."""
    n, work = len(dates), _open(rng, dates)
    loud = np.cumsum((rng.random(n) < 1 / 18) * rng.normal(0.01, 0.05, n))
    volume = np.exp(loud + rng.uniform(0, 0.0012) * np.arange(n)) * np.where(work, 1, rng.uniform(0.5, 0.95))
    volume = volume * _noise(rng, n, rng.uniform(0.02, 0.07)) + (rng.random(n) < 0.02) * rng.exponential(0.2, n)
    return _bill(rng, "logs", volume * rng.lognormal(4.6, 0.9), 15 + 0 * volume, volume * 300)


def tiers(rng: Rng, dates: np.ndarray) -> Bill:
    """Objects change their tier in bulk when a rule reaches them: a fee on that day of the month, less ever after."""
    day = int(rng.integers(1, 29))
    hot, bulk, cost = rng.uniform(0.5, 2), rng.uniform(0.03, 0.2), np.zeros(len(dates))
    cold = rng.uniform(1, 20)
    for number, of_month in enumerate(month_day(dates)):
        hot += bulk / 30 * rng.uniform(0.7, 1.3)
        fee = 0.0
        if of_month == day:
            moved = min(hot * 0.9, bulk * rng.uniform(0.8, 1.2))
            hot, cold, fee = hot - moved, cold + moved, moved * rng.uniform(0.5, 3)
        cost[number] = hot + 0.2 * cold + fee
    return _bill(rng, "tiers", cost * rng.lognormal(3.5, 1), 8 + 0 * cost, None)


def transfer(rng: Rng, dates: np.ndarray) -> Bill:
    """Data that leaves: a base of users, a replication each week, downloads of any size on any day."""
    n, work = len(dates), _open(rng, dates)
    weekly = (weekday(dates) == rng.integers(0, 7)) * rng.uniform(0, 2)
    bursts = (rng.random(n) < rng.uniform(0.01, 0.08)) * rng.pareto(2.5, n)
    volume = (np.where(work, 1, rng.uniform(0.4, 1)) + weekly) * _noise(rng, n, 0.06) + np.minimum(bursts, 6)
    return _bill(rng, "transfer", volume * rng.lognormal(3.8, 1), 5 + 3 * volume, volume * 50)


def shop(rng: Rng, dates: np.ndarray) -> Bill:
    """A shop's machines: weekends, paydays, sales that are announced, December."""
    n, season = len(dates), np.ones(len(dates))
    year = dates.astype("datetime64[Y]")
    into = (dates - year.astype("datetime64[D]")).astype(int)
    season += 0.5 * np.exp(-(((into - 350) / 18) ** 2)) + 0.2 * np.exp(-(((into - 195) / 12) ** 2))
    sale = (into >= 328) & (into <= 333)
    weekly = 1 + rng.uniform(0, 0.4) * np.isin(weekday(dates), (4, 5, 6)) + 0.1 * (np.abs(month_day(dates) - 26) < 3)
    demand = season * weekly * (1 + sale * rng.uniform(0.3, 1.5)) * _noise(rng, n, rng.uniform(0.03, 0.08))
    debatable = []
    for first, last in _planned(rng, n, 3, int(rng.integers(2, 6))):
        demand[first : last + 1] *= rng.uniform(1.15, 1.7)
        debatable.append((first, last + 1))
    debatable += [(int(day) - 1, int(day) + 1) for day in np.flatnonzero(sale) if 0 < day < n - 1]
    hours = np.ceil(demand * rng.uniform(10, 80))
    return _bill(rng, "shop", hours * rng.uniform(1, 8), hours, hours, None, debatable)


def marketplace(rng: Rng, dates: np.ndarray) -> Bill:
    """A fee of each month's sales, written some days into the next, and a small amount each day."""
    n, due = len(dates), month_day(dates) == int(rng.integers(2, 8))
    cost = rng.uniform(1, 20) * _noise(rng, n, 0.1) + due * rng.lognormal(6.5, 0.8) * rng.normal(1, 0.12, n)
    return _bill(rng, "marketplace", cost, 2 + 4.0 * due, None, ["spike", "missing", "dup"])


def in_euro(rng: Rng, dates: np.ndarray) -> Bill:
    """A contract in another currency at the rate of the day, or of the month's first."""
    n, rate = len(dates), np.exp(np.cumsum(rng.normal(0, 0.004, len(dates)) * (weekday(dates) < 5)))
    if rng.random() < 0.5:
        months, of = np.unique(dates.astype("datetime64[M]"), return_inverse=True)
        rate = np.array([rate[of == month][0] for month in range(len(months))])[of]
    machines = int(rng.integers(5, 60)) + np.cumsum((rng.random(n) < 0.03) * rng.choice([-1, 1, 1], n))
    cost = np.maximum(machines, 3) * rate * rng.uniform(5, 60)
    return _bill(rng, "in_euro", cost, np.maximum(machines, 3), np.maximum(machines, 3) * 24.0)


def reserved(rng: Rng, dates: np.ndarray) -> Bill:
    """Machines, most of them reserved; a reservation that ends is bought again after days or weeks."""
    n, price, debatable = len(dates), np.full(len(dates), 0.62), []
    for start in rng.integers(30, n - 30, rng.poisson(0.7)):
        gap = int(rng.integers(3, 30))
        price[start : start + gap] += rng.uniform(0.08, 0.38)
        debatable += [(int(start), min(int(start) + gap, n - 1) + 4)]
    machines = rng.uniform(10, 90) * _noise(rng, n, rng.uniform(0.005, 0.04))
    return _bill(rng, "reserved", machines * price * rng.uniform(2, 15), machines, machines * 24, None, debatable)


def sandbox(rng: Rng, dates: np.ndarray) -> Bill:
    """A sandbox: nothing for days, then someone tries something and mostly remembers to stop it."""
    n, cost = len(dates), np.zeros(len(dates))
    for start in np.flatnonzero((rng.random(n) < rng.uniform(0.05, 0.25)) & _open(rng, dates)):
        cost[start : start + 1 + rng.poisson(0.4)] += rng.gamma(4, 1 / 4) * 25
    return _bill(rng, "sandbox", cost * rng.uniform(0.2, 3), 1 + cost / 10, None, ["spike", "step"])


def databases(rng: Rng, dates: np.ndarray) -> Bill:
    """Databases of fixed size with storage that grows, resized by some percent in a night of maintenance."""
    n = len(dates)
    level = np.cumsum((weekday(dates) == 6) * (rng.random(n) < 0.12) * rng.normal(0.01, 0.05, n))
    cost = np.exp(level + rng.uniform(0, 0.0008) * np.arange(n)) * rng.normal(1, rng.uniform(0.001, 0.015), n)
    return _bill(rng, "databases", cost * rng.lognormal(5.3, 0.8), 30 + 0 * cost, cost * 24)


def payroll(rng: Rng, dates: np.ndarray) -> Bill:
    """Runs on the 14th and the last day but one, before a weekend on the Friday; between them little."""
    n, run = len(dates), np.zeros(len(dates), bool)
    for day in np.flatnonzero((month_day(dates) == 14) | (days_to_month_end(dates) == 1)):
        run[max(0, day - max(0, int(weekday(dates[day : day + 1])[0]) - 4))] = True
    hours = (0.3 + run * rng.uniform(1, 5)) * rng.gamma(100, 1 / 100, n)
    return _bill(rng, "payroll", hours * rng.lognormal(4.5, 0.8), 4 + 20 * run, hours * 60, ["spike", "missing", "dup"])


def desktops(rng: Rng, dates: np.ndarray) -> Bill:
    """Desktops of an office by the hour, and what is left on at night."""
    n, people = len(dates), int(rng.integers(20, 300))
    hours = rng.binomial(people, np.where(_open(rng, dates), rng.uniform(0.6, 0.9), 0.03)) * rng.uniform(7, 9, n)
    return _bill(rng, "desktops", (hours + people) * rng.uniform(0.1, 0.8), 2 + hours / 8, hours + people)


def emergency(rng: Rng, dates: np.ndarray) -> Bill:
    """The emergency site stands by; twice a year it is tried out, as announced."""
    n, trials = len(dates), _planned(rng, len(dates), 2, 2)
    cost = rng.lognormal(4.6, 0.7) * rng.normal(1, rng.uniform(0.002, 0.02), n)
    for first, last in trials:
        cost[first : last + 1] *= rng.uniform(1.5, 4)
    return _bill(rng, "emergency", cost, np.full(n, 11.0), None, None, trials)


PARTS: list[Callable[[Rng, np.ndarray], Bill]] = [
    ledger, backup, logs, tiers, transfer, shop, in_euro, reserved, databases, desktops, emergency, licences, payroll,
]  # fmt: skip


def cost_centre(rng: Rng, dates: np.ndarray) -> Bill:
    """What a department pays for, with support as a percentage of it and, seldom, a refund."""
    parts = [PARTS[int(k)](rng, dates) for k in rng.choice(len(PARTS), int(rng.integers(3, 8)), replace=False)]
    weights = rng.lognormal(5, 1, len(parts))
    shares = [
        weight * part.cost / max(float(part.cost.mean()), 0.01) for weight, part in zip(weights, parts, strict=True)
    ]
    cost = np.sum(shares, axis=0) * (1 + rng.choice([0.0, 0.03, 0.1]))
    refunds = _planned(rng, len(dates), 0.3, 1)
    for day, _ in refunds:
        cost[day] -= rng.uniform(0.5, 3) * float(np.median(cost))
    heavy = [part for part, share in zip(parts, shares, strict=True) if share.sum() > 0.25 * cost.sum()]
    spans = refunds + [span for part in heavy for span in part.debatable]
    return _bill(rng, "cost_centre", cost, np.sum([part.rows for part in parts], axis=0), None, None, spans)


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    """A team and the untagged rest, of which a plan takes some percent a week."""
    team, rest = (PARTS[int(rng.choice([0, 2, 8, 9]))](rng, dates) for _ in "ab")
    rest.cost = rest.cost / rest.cost.mean() * team.cost.mean() * rng.uniform(0.2, 1.0)
    planned = np.floor(np.maximum(np.arange(len(dates)) - rng.integers(0, len(dates)), 0) / 7) * 0.03
    moved = rest.cost * np.minimum(planned, 0.6)
    team.cost, rest.cost = (team.cost + moved).round(2), (rest.cost - moved).round(2)
    for bill in (team, rest):
        bill.archetype, bill.usage, bill.kinds, bill.group = "k_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [rest]
    return team


def project(rng: Rng, dates: np.ndarray) -> Bill:
    """A project that moves in: nothing, or a trial for cents, before its first day."""
    n, start = len(dates), int(rng.integers(90, len(dates) - 30))
    cost = (rng.random(n) < rng.choice([0.0, 0.03])) * 0.05
    cost[start:] = rng.lognormal(4, 0.9) * _noise(rng, n, 0.08)[start:] * rng.uniform(0.6, 1)
    bill = _bill(rng, "project", cost, np.where(cost > 1, 9.0, 1.0))
    bill.kinds, bill.new_from = [], start
    return bill


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    ledger: 14, backup: 10, licences: 5, logs: 14, tiers: 10, transfer: 12, shop: 10, marketplace: 5, in_euro: 10,
    reserved: 12, sandbox: 8, databases: 14, payroll: 6, desktops: 12, emergency: 6, cost_centre: 24, tag_pair: 7,
    project: 8,
}  # fmt: skip
LATE_SHARE = 0.3
