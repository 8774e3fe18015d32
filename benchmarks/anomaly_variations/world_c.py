"""World C: totals. Each series adds up two to four bills of the other worlds, as accounts and services do.

Written after the detector and never used to choose anything in it.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.anomaly_variations import world_a, world_b
from benchmarks.anomaly_variations.world_a import COMMON, Bill, Rng

PARTS = [
    world_a.steady, world_a.dev_sleeps, world_a.autoscaled, world_a.tokens, world_a.month_fee, world_a.commitment,
    world_a.launch, world_a.egress, world_a.growth, world_b.fleet, world_b.jobs, world_b.chat_users, world_b.snapshots,
    world_b.backup, world_b.subscriptions, world_b.spot, world_b.office, world_b.experiments, world_b.cluster,
]  # fmt: skip


def account(rng: Rng, dates: np.ndarray) -> Bill:
    """Bills of one account, brought to comparable size, the largest one to three times the others."""
    chosen = [PARTS[number](rng, dates) for number in rng.choice(len(PARTS), int(rng.integers(2, 5)), replace=False)]
    cost, rows, size = np.zeros(len(dates)), np.zeros(len(dates)), rng.lognormal(5, 0.8)
    for bill in chosen:
        cost += bill.cost * size * rng.uniform(0.3, 1) / max(float(np.mean(np.abs(bill.cost))), 0.01)
        rows += bill.rows
    return Bill("c_account", cost.round(4), None, rows.round(), COMMON)


def service(rng: Rng, dates: np.ndarray) -> Bill:
    """One service of several accounts: the same kind of bill, two or three times, metered together."""
    make = PARTS[int(rng.integers(len(PARTS)))]
    bills = [make(rng, dates) for _ in range(int(rng.integers(2, 4)))]
    cost = sum((bill.cost for bill in bills), np.zeros(len(dates)))
    usage = cost * rng.lognormal(0, 0.01, len(dates)) / 0.3
    return Bill("c_service", cost, usage, sum((b.rows for b in bills), np.zeros(len(dates))), [*COMMON, "price"])


ARCHETYPES: dict[Callable[[Rng, np.ndarray], Bill], int] = {
    account: 90, service: 50, world_a.tag_pair: 6, world_a.new_sku: 5, world_b.new_sku: 5,
}  # fmt: skip
LATE_SHARE = 0.35
