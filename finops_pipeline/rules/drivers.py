"""The drivers a rule may name: which pools they split, which feed counts them, by which columns the feed is told apart.

How a driver becomes weights is SQL (`dbt_project/macros/driver_feeds.sql` and the `int_*_split_*` models).
"""

from dataclasses import dataclass
from typing import Literal

Driver = Literal[
    "direct",
    "gpu_hours",
    "storage_bytes",
    "compute_hours",
    "memory_gib_hours",
    "requests",
    "gpu_seconds",
    "tokens",
    "jobs",
    "api_calls",
    "driver",
    "business_metric",
    "cost",
    "even",
    "fixed",
]

PoolKind = Literal["gpu_cluster", "bucket", "owner"]

DRIVERS_OF_POOL: dict[str, tuple[str, ...]] = {
    "gpu_cluster": ("gpu_hours",),
    "bucket": ("storage_bytes",),
    "owner": ("direct",),
}
"""Pools that the pipeline itself recognizes, and the driver each is made for. Other drivers take a selection."""


@dataclass(frozen=True)
class Feed:
    """A usage feed as a driver: the columns that tell its rows apart, and which of them a rule must settle.

    Rows of a feed with intervals have a start and an end, so they can be told by the hour.
    """

    keys: tuple[str, ...]
    required: tuple[str, ...] = ()
    has_intervals: bool = False


FEEDS: dict[str, Feed] = {
    "compute_hours": Feed(("cluster", "node", "node_pool"), has_intervals=True),
    "memory_gib_hours": Feed(("cluster", "node", "node_pool"), has_intervals=True),
    "requests": Feed(("model_name", "endpoint", "serving_mode"), has_intervals=True),
    "gpu_seconds": Feed(("model_name", "endpoint", "serving_mode"), has_intervals=True),
    "tokens": Feed(("model_name", "endpoint"), has_intervals=True),
    "jobs": Feed(("service",), required=("service",)),
    "api_calls": Feed(("service",), required=("service",)),
    "driver": Feed(("pool", "driver"), required=("driver",)),
    "business_metric": Feed(("metric", "entity"), required=("metric",)),
}
"""Drivers that a usage feed counts. A required column keeps quantities of different things from being added."""

WEIGHTS_OF_DRIVER: dict[str, tuple[str, ...]] = {
    "gpu_hours": ("gpu", "cpu", "memory"),
    "tokens": ("input", "output", "cached_input", "cache_write"),
}
"""What a rule may weigh against one another: the parts of a machine's price, the kinds of tokens."""

COST_DRIVERS = ("cost", "even")
"""Drivers that the ledger itself gives: who carries how much already."""

OwnerName = Literal[
    "team",
    "project",
    "environment",
    "model_name",
    "workload_type",
    "dataset",
    "business_unit",
    "cost_center",
    "owner",
]
"""The columns that name who pays (`ConsumerColumn`), those of them that a tag, or a rule in its place, can give."""
