"""World B: resources, jobs, users and price tiers added up. Nothing in the detector was chosen by its scores here."""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations.calendars import HOLIDAYS, days_to_month_end, holiday, month_day, off_days, weekday
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

COUNTRIES = [c for c in HOLIDAYS if c != "none"]


def bill_of(
    rng: Rng,
    name: str,
    cost: np.ndarray,
    lines: np.ndarray,
    usage: np.ndarray | None = None,
    kinds: list[str] | None = None,
) -> Bill:
    noisy = np.maximum(1, np.round(lines * rng.normal(1, 0.01, len(cost))))
    return Bill(name, cost.round(4), usage, noisy, (kinds or COMMON) + ([] if usage is None else ["price"]))


def fleet(rng: Rng, dates: np.ndarray) -> Bill:
    """Machines that come and go, one at a time; price per hour fixed."""
    n, alive = len(dates), int(rng.integers(10, 120))
    count = np.zeros(n)
    for day in range(n):
        alive = max(4, alive + int(rng.poisson(alive * 0.004)) - int(rng.poisson(alive * 0.0035)))
        count[day] = alive
    hours = count * 24 - rng.integers(0, 6, n)
    return bill_of(rng, "b_fleet", hours * rng.uniform(0.1, 3), count * rng.integers(1, 5), hours)


def autoscaler(rng: Rng, dates: np.ndarray) -> Bill:
    """Nodes follow demand by the hour between a floor and a ceiling."""
    n, demand = len(dates), rng.uniform(10, 40)
    season = 1 + 0.15 * np.sin(2 * np.pi * np.arange(n) / rng.uniform(60, 200))
    hour = 1 + 0.6 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    busy = (
        season * rng.gamma(25, 1 / 25, n) * np.where(off_days(dates, rng.choice(COUNTRIES)), rng.uniform(0.4, 0.9), 1)
    )
    nodes = np.clip(np.ceil(demand * busy[:, None] * hour[None, :]), 4, demand * 3).sum(axis=1)
    return bill_of(rng, "b_autoscaler", nodes * rng.uniform(0.2, 2), nodes / 8, nodes)


def jobs(rng: Rng, dates: np.ndarray) -> Bill:
    """A Poisson number of jobs a day, each of heavy-tailed size."""
    rate = rng.uniform(3, 40) * np.where(off_days(dates, rng.choice(COUNTRIES)), rng.uniform(0.1, 0.8), 1)
    number = rng.poisson(rate)
    hours = np.array([np.minimum(rng.pareto(2.5, k) + 0.2, 12).sum() for k in number])
    return bill_of(rng, "b_jobs", 1 + hours * rng.uniform(1, 10), 2 + number, hours + 0.1)


def chat_users(rng: Rng, dates: np.ndarray) -> Bill:
    """Users who join by campaigns; tokens per user heavy-tailed."""
    n = len(dates)
    joins = rng.poisson(rng.uniform(0.5, 3), n) + (rng.random(n) < 0.02) * rng.integers(5, 40, n)
    users = 30 + np.cumsum(joins)
    active = rng.binomial(
        users, np.where(off_days(dates, rng.choice(COUNTRIES)), rng.uniform(0.1, 0.4), rng.uniform(0.4, 0.6))
    )
    used = np.array([rng.lognormal(0, 1.1, k).sum() for k in active])
    return bill_of(rng, "b_chat_users", used * rng.uniform(0.5, 3), 1 + active / 10, used)


def free_tier(rng: Rng, dates: np.ndarray) -> Bill:
    """Nothing to pay until the month's allowance is used up, then by the unit."""
    daily = rng.gamma(30, 1 / 30, len(dates)) * np.where(weekday(dates) >= 5, 0.8, 1)
    cost, used, allowance = np.zeros(len(dates)), 0.0, rng.uniform(4, 15)
    for day, amount in enumerate(daily):
        used = amount if month_day(dates)[day] == 1 else used + amount
        cost[day] = min(amount, max(0.0, used - allowance))
    return bill_of(
        rng, "b_free_tier", cost * rng.lognormal(3.5, 0.7), np.full(len(dates), 12.0), None, ["spike", "dup"]
    )


def snapshots(rng: Rng, dates: np.ndarray) -> Bill:
    """Storage that grows by the day and is pruned on one day of the month."""
    keep, size, out = int(rng.integers(2, 28)), rng.uniform(50, 300), np.zeros(len(dates))
    add, cut = rng.uniform(0.002, 0.012), 0.0
    for day, number in enumerate(month_day(dates)):
        size *= 1 + add * rng.uniform(0.5, 1.5)
        if number == keep:
            cut = (1 + add) ** -30 * rng.uniform(0.98, 1.02)
            size *= cut
        out[day] = size
    return bill_of(rng, "b_snapshots", out * 0.3, np.full(len(dates), 40.0), out)


def backup(rng: Rng, dates: np.ndarray) -> Bill:
    """A full copy once a week or fortnight, increments otherwise."""
    phase, period = int(rng.integers(0, 14)), int(rng.choice([7, 14]))
    full = (np.arange(len(dates)) + phase) % period == 0
    cost = rng.lognormal(3, 0.6) * np.where(full, rng.uniform(4, 12), 1) * rng.normal(1, 0.03, len(dates))
    return bill_of(rng, "b_backup", cost, np.where(full, 60, 20.0))


def subscriptions(rng: Rng, dates: np.ndarray) -> Bill:
    """Marketplace fees, each on its own day of the month, over a small daily base."""
    cost = rng.uniform(5, 40) * rng.normal(1, 0.02, len(dates))
    for _ in range(int(rng.integers(1, 4))):
        cost = cost + np.where(month_day(dates) == int(rng.integers(1, 29)), rng.lognormal(5, 0.8), 0)
    return bill_of(rng, "b_subscriptions", cost, np.full(len(dates), 9.0))


def commitments(rng: Rng, dates: np.ndarray) -> Bill:
    length = days_to_month_end(dates) + month_day(dates)
    return bill_of(
        rng,
        "b_commitments",
        rng.uniform(2e3, 3e4) / length,
        np.full(len(dates), 3.0),
        None,
        ["zero", "missing", "dup", "step"],
    )


def spot(rng: Rng, dates: np.ndarray) -> Bill:
    """Spot price walks, usage does not: cost per usage moves by itself, day after day."""
    n = len(dates)
    price = np.exp(np.cumsum(rng.normal(0, 0.025, n)) * 0.6)
    hours = rng.uniform(200, 900) * rng.gamma(200, 1 / 200, n)
    return bill_of(rng, "b_spot", hours * price * 0.3, np.full(n, 50.0), hours, COMMON)


def credits_burn(rng: Rng, dates: np.ndarray) -> Bill:
    """Spend net of a monthly promotional grant: negative or zero until it is used up."""
    spend = rng.lognormal(4, 0.6) * rng.gamma(80, 1 / 80, len(dates))
    left, out = 0.0, np.zeros(len(dates))
    for day, number in enumerate(month_day(dates)):
        left = spend.mean() * 6 if number == 1 else left
        out[day] = spend[day] - min(left, spend[day])
        left -= min(left, spend[day])
    return bill_of(rng, "b_credits_burn", out, np.full(len(dates), 25.0), None, ["spike", "dup"])


def discount(rng: Rng, dates: np.ndarray) -> Bill:
    cost = -rng.lognormal(3, 0.6) * rng.gamma(60, 1 / 60, len(dates)) * np.where(weekday(dates) >= 5, 0.7, 1)
    return bill_of(rng, "b_discount", cost, np.full(len(dates), 15.0), None, ["spike", "zero", "missing", "dup"])


def office(rng: Rng, dates: np.ndarray) -> Bill:
    """Machines that people switch on when they come to work."""
    country = rng.choice(COUNTRIES)
    people = rng.integers(8, 60)
    here = rng.binomial(people, np.where(off_days(dates, country), rng.uniform(0, 0.05), rng.uniform(0.7, 0.95)))
    bridge = np.roll(holiday(dates, country), 1) & (rng.random(len(dates)) < 0.5)
    cost = np.where(bridge, here * 0.4, here) * rng.uniform(2, 9) + rng.choice([0, 0, 4.0])
    return bill_of(rng, "b_office", cost, 1 + here, None, ["spike", "step", "dup", "ramp"])


def experiments(rng: Rng, dates: np.ndarray) -> Bill:
    """Accounts where someone tries something for an afternoon or a week, then forgets it for a month."""
    n, cost, day = len(dates), np.zeros(len(dates)), 0
    while day < n:
        day += int(rng.geometric(rng.uniform(0.05, 0.3)))
        length = int(rng.geometric(0.4))
        cost[day : day + length] = rng.lognormal(3, 0.9)
        day += length
    return bill_of(rng, "b_experiments", cost * rng.normal(1, 0.05, n), 1 + (cost > 0) * 6.0, None, ["spike", "dup"])


def cluster(rng: Rng, dates: np.ndarray) -> Bill:
    """GPU nodes booked in eights for runs of days to weeks, over a kept floor."""
    n, eights, day = len(dates), np.ones(len(dates)), 0
    while day < n:
        day += int(rng.exponential(10)) + 1
        length = int(rng.integers(2, 15))
        eights[day : day + length] += rng.integers(1, 6)
        day += length
    hours = eights * 8 * 24 * rng.uniform(0.97, 1, n)
    return bill_of(rng, "b_cluster", hours * 2.2, eights * 16, hours, ["spike", "missing", "dup", "zero"])


def launches(rng: Rng, dates: np.ndarray) -> Bill:
    curve = np.exp(-np.exp(-(np.arange(len(dates)) - rng.uniform(60, 200)) / rng.uniform(15, 40))) + 0.1
    cost = rng.lognormal(5, 0.7) * curve * rng.gamma(150, 1 / 150, len(dates)) * np.where(weekday(dates) >= 5, 0.85, 1)
    return bill_of(rng, "b_launches", cost, 10 + 100 * curve, cost * 3)


def moves(rng: Rng, dates: np.ndarray) -> Bill:
    """One service hands its load to another in four to ten visible waves."""
    n, share = len(dates), np.zeros(len(dates))
    for start in np.sort(rng.integers(int(n * 0.3), int(n * 0.9), int(rng.integers(4, 11)))):
        share[start:] += 0.95 * rng.uniform(0.08, 0.12)
    share, total = np.minimum(share, 0.97), rng.lognormal(5, 0.6) * rng.gamma(400, 1 / 400, n)
    first = bill_of(rng, "b_moves", total * (1 - share), 60 * (1 - share) + 1, None, ["spike", "dup", "missing"])
    first.peers = [bill_of(rng, "b_moves", total * (share + 0.01), 60 * share + 1, None, ["spike", "dup", "missing"])]
    return first


def tag_pair(rng: Rng, dates: np.ndarray) -> Bill:
    team, untagged = fleet(rng, dates), autoscaler(rng, dates)
    untagged.cost *= rng.uniform(0.2, 1.2) * np.median(team.cost) / np.median(untagged.cost)
    for bill in (team, untagged):
        bill.archetype, bill.usage, bill.kinds, bill.group = "b_tag_pair", None, ["tag_loss"], "pair"
    team.peers = [untagged]
    return team


def new_sku(rng: Rng, dates: np.ndarray) -> Bill:
    n, start = len(dates), int(rng.integers(90, len(dates) - 30))
    amount = (
        rng.lognormal(4, 1) * (1 - np.exp(-(np.arange(n) - start + 1) / rng.uniform(0.5, 3))) * rng.gamma(40, 1 / 40, n)
    )
    cost = np.where(np.arange(n) >= start, amount, (rng.random(n) < 0.1) * 0.01)
    bill = bill_of(rng, "b_new_sku", cost, np.where(cost > 1, 20, 1.0), cost + 0.001)
    bill.kinds, bill.new_from = [], start
    return bill


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    fleet: 14, autoscaler: 12, jobs: 12, chat_users: 12, free_tier: 6, snapshots: 9, backup: 8, subscriptions: 8,
    commitments: 6, spot: 6,
    credits_burn: 6, discount: 6, office: 12, experiments: 8, cluster: 8, launches: 8, moves: 5, tag_pair: 8,
    new_sku: 8,
}  # fmt: skip
LATE_SHARE = 0.4
