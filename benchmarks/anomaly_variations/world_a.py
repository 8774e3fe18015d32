"""World A: level x calendar x noise, one function per kind of bill. Each returns cost, usage (or None) and rows."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.anomaly_variations.calendars import HOLIDAYS, days_to_month_end, month_day, off_days, weekday

Rng = np.random.Generator
COUNTRIES = list(HOLIDAYS)


@dataclass
class Bill:
    """One series before anything is planted. `kinds` are the anomalies that make sense for it."""

    archetype: str
    cost: np.ndarray
    usage: np.ndarray | None
    rows: np.ndarray
    kinds: list[str]
    group: str = ""
    new_from: int | None = None
    peers: list["Bill"] = field(default_factory=list)
    debatable: list[tuple[int, int]] = field(default_factory=list)
    """First and last days on which an alarm would neither be right nor wrong."""


COMMON = ["spike", "step", "drop_step", "ramp", "zero", "missing", "dup"]


def red_noise(rng: Rng, n: int, sd: float, memory: float) -> np.ndarray:
    out, shock = np.zeros(n), rng.normal(0, sd * np.sqrt(1 - memory**2), n)
    out[0] = rng.normal(0, sd)
    for day in range(1, n):
        out[day] = memory * out[day - 1] + shock[day]
    return out


def finish(
    rng: Rng, archetype: str, cost: np.ndarray, kinds: list[str] | None = None, metered: bool | None = None
) -> Bill:
    """Add usage at one price, and rows that follow the cost as closely as this service's lines do."""
    metered = rng.random() < 0.6 if metered is None else metered
    level = np.median(cost[cost > 0]) if (cost > 0).any() else 1.0
    follows = rng.choice([0.0, 0.15, 0.4, 1.0])
    rows = (
        rng.lognormal(4.5, 1.2)
        * np.clip(cost / level, 0.02, 50) ** follows
        * rng.lognormal(0, rng.choice([0.01, 0.05]), len(cost))
    )
    usage = cost * rng.lognormal(1, 2) * rng.lognormal(0, 0.004, len(cost)) if metered else None
    return Bill(archetype, cost, usage, np.maximum(1, rows.round()), (kinds or COMMON) + (["price"] if metered else []))


def steady(rng: Rng, dates: np.ndarray) -> Bill:
    country = rng.choice(COUNTRIES)
    dip = np.where(off_days(dates, country), rng.uniform(0.55, 1.0), 1.0)
    noise = np.exp(red_noise(rng, len(dates), rng.uniform(0.01, 0.06), rng.uniform(0, 0.6)))
    return finish(rng, "a_steady", rng.lognormal(4.5, 1) * dip * noise)


def dev_sleeps(rng: Rng, dates: np.ndarray) -> Bill:
    off = off_days(dates, rng.choice([c for c in COUNTRIES if c != "none"]))
    awake = rng.lognormal(4, 0.7) * rng.lognormal(0, rng.uniform(0.03, 0.12), len(dates))
    return finish(
        rng,
        "a_dev_sleeps",
        np.where(off, awake * rng.uniform(0, 0.2), awake),
        ["spike", "step", "ramp", "dup", "zero", "drop_step"],
    )


def autoscaled(rng: Rng, dates: np.ndarray) -> Bill:
    wander = np.exp(red_noise(rng, len(dates), rng.uniform(0.12, 0.3), rng.uniform(0.5, 0.9)))
    nodes = np.maximum(2, np.round(rng.uniform(8, 60) * wander * np.where(weekday(dates) >= 5, rng.uniform(0.5, 1), 1)))
    return finish(rng, "a_autoscaled", nodes * rng.uniform(2, 12))


def tokens(rng: Rng, dates: np.ndarray) -> Bill:
    n = len(dates)
    growth = np.exp(np.cumsum(rng.normal(rng.uniform(0.0, 0.008), 0.02, n)))
    heavy = np.exp(rng.standard_t(4, n) * rng.uniform(0.06, 0.16))
    return finish(
        rng,
        "a_tokens",
        rng.lognormal(3.5, 1) * growth * heavy * np.where(weekday(dates) >= 5, rng.uniform(0.4, 0.9), 1),
        metered=True,
    )


def training(rng: Rng, dates: np.ndarray) -> Bill:
    n, base = len(dates), rng.lognormal(3, 0.7)
    cost, day = base * rng.lognormal(0, 0.04, n), 0
    while day < n:
        day += int(rng.exponential(rng.uniform(4, 12))) + 1
        length = int(rng.integers(1, 9))
        cost[day : day + length] += base * rng.uniform(3, 25)
        day += length
    return finish(rng, "a_training", cost, ["spike", "step", "missing", "dup", "zero"])


def sandbox(rng: Rng, dates: np.ndarray) -> Bill:
    n, on, cost = len(dates), False, np.zeros(len(dates))
    stay, level = rng.uniform(0.75, 0.93), rng.lognormal(3, 0.8)
    for day in range(n):
        if rng.random() > stay:
            on, level = not on, level * rng.lognormal(0, 0.25)
        cost[day] = level * rng.lognormal(0, 0.15) if on else 0.0
    return finish(rng, "a_sandbox", cost, ["spike", "step", "dup"])


def month_fee(rng: Rng, dates: np.ndarray) -> Bill:
    base = rng.lognormal(4.5, 0.8) * rng.lognormal(0, rng.uniform(0.01, 0.05), len(dates))
    return finish(
        rng,
        "a_month_fee",
        base * np.where(month_day(dates) == rng.choice([1, 1, 1, 3, 15]), rng.uniform(4, 20), 1),
        metered=False,
    )


def true_up(rng: Rng, dates: np.ndarray) -> Bill:
    base = rng.lognormal(4.5, 0.8) * rng.lognormal(0, rng.uniform(0.02, 0.07), len(dates))
    extra = np.where(days_to_month_end(dates) < rng.choice([1, 1, 2, 3]), rng.uniform(1.4, 3.5), 1)
    return finish(rng, "a_true_up", base * np.where(weekday(dates) >= 5, rng.uniform(0.5, 1), 1) * extra, metered=False)


def commitment(rng: Rng, dates: np.ndarray) -> Bill:
    length = days_to_month_end(dates) + month_day(dates)
    return finish(
        rng,
        "a_commitment",
        (rng.lognormal(8, 0.7) / length).round(2),
        ["spike", "step", "drop_step", "zero", "missing", "dup"],
        False,
    )


def currency(rng: Rng, dates: np.ndarray) -> Bill:
    drift = np.exp(np.cumsum(rng.normal(0, rng.uniform(0.002, 0.006), len(dates))))
    return finish(rng, "a_currency", rng.lognormal(5, 0.8) * drift, metered=False)


def launch(rng: Rng, dates: np.ndarray) -> Bill:
    n = len(dates)
    curve = rng.uniform(0.05, 0.4) + 1 / (1 + np.exp(-(np.arange(n) - rng.uniform(0.2, 0.8) * n) / rng.uniform(8, 25)))
    off = np.where(weekday(dates) >= 5, rng.uniform(0.6, 1), 1)
    return finish(rng, "a_launch", rng.lognormal(5, 0.8) * curve * off * rng.lognormal(0, rng.uniform(0.02, 0.08), n))


def sparse(rng: Rng, dates: np.ndarray) -> Bill:
    active = rng.random(len(dates)) < rng.uniform(0.08, 0.4)
    return finish(
        rng, "a_sparse", np.where(active, rng.lognormal(3, rng.uniform(0.2, 0.7), len(dates)), 0), ["spike", "step"]
    )


def credit(rng: Rng, dates: np.ndarray) -> Bill:
    """Negative lines: a discount that follows spend, and a promotion that runs out on a month's last day."""
    n = len(dates)
    spend = rng.lognormal(4.5, 0.6) * rng.lognormal(0, 0.05, n) * np.where(weekday(dates) >= 5, rng.uniform(0.6, 1), 1)
    cost = -rng.uniform(0.05, 0.3) * spend if rng.random() < 0.6 else spend * rng.uniform(0.05, 0.3) - spend * 0.02
    return finish(rng, "a_credit", cost, ["spike", "zero", "missing", "dup"], False)


def migration(rng: Rng, dates: np.ndarray) -> Bill:
    """Cost moves from one series to another over weeks, or in one day, and the sum stays: nothing was spent."""
    n = len(dates)
    share = 1 / (1 + np.exp(-(np.arange(n) - rng.uniform(0.3, 0.8) * n) / rng.uniform(6, 20)))
    total = rng.lognormal(5, 0.7) * rng.lognormal(0, 0.03, n)
    first = finish(rng, "a_migration", total * (1.02 - share), ["spike", "dup", "missing"])
    first.peers = [finish(rng, "a_migration", total * (share + 0.02), ["spike", "dup", "missing"])]
    return first


def growth(rng: Rng, dates: np.ndarray) -> Bill:
    trend = np.exp(np.arange(len(dates)) * rng.uniform(0.0005, 0.004))
    return finish(
        rng,
        "a_growth",
        rng.lognormal(4, 0.8) * trend * np.exp(red_noise(rng, len(dates), rng.uniform(0.01, 0.05), 0.5)),
    )


def egress(rng: Rng, dates: np.ndarray) -> Bill:
    noise = rng.lognormal(0, rng.uniform(0.15, 0.35), len(dates)) * np.exp(red_noise(rng, len(dates), 0.1, 0.8))
    return finish(rng, "a_egress", rng.lognormal(4, 0.8) * noise, metered=True)


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    team, untagged = steady(rng, dates), steady(rng, dates)
    scale = rng.uniform(0.2, 1.5) * np.median(team.cost) / np.median(untagged.cost)
    untagged.cost = untagged.cost * scale
    for bill in (team, untagged):
        bill.archetype, bill.usage, bill.kinds, bill.group = "a_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [untagged]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    n, start = len(dates), int(rng.integers(110, max(111, len(dates) - 40)))
    crumbs = (
        np.where(rng.random(n) < 0.4, rng.uniform(0.01, 0.09, n).round(2), 0) if rng.random() < 0.6 else np.zeros(n)
    )
    cost = crumbs.copy()
    cost[start:] = rng.lognormal(5, 1) * rng.lognormal(0, rng.uniform(0.03, 0.3), n - start)
    bill = finish(rng, "a_new_sku", cost, [], True)
    bill.new_from, bill.kinds = start, []
    bill.rows = np.where(cost > 0.5, bill.rows, np.where(cost > 0, 1, 0))
    return bill


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    steady: 16, dev_sleeps: 14, autoscaled: 12, tokens: 14, training: 10, sandbox: 8, month_fee: 9, true_up: 9,
    commitment: 6,
    currency: 5, launch: 8, sparse: 9, credit: 7, migration: 5, growth: 9, egress: 8, tag_pair: 8, new_sku: 9,
}  # fmt: skip
LATE_SHARE = 0.3
