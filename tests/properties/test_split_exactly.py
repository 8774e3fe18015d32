"""Whatever the pools and weights, `split_exactly` gives parts that sum to the pool to the last digit.

The macro's own text is rendered and run on DuckDB, many pools at once, and compared with plain Python integers.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.split import MEASURES, exact_sql

MONEY = pa.decimal128(38, 18)
QUANTUM = 10**18
SHARE = 10**15
LARGEST_COST = 9_200_000_000_000_000_000 * QUANTUM - 1
LARGEST_WEIGHT = 9_200_000_000_000_000_000


@dataclass(frozen=True)
class Pool:
    """Costs in units of 1e-18, one per measure, and the weights of the pool's consumers."""

    costs: tuple[int, int, int, int]
    weights: dict[str, int]


SPLIT_SQL = exact_sql()


def run_split(pools: list[Pool], *, threads: int = 2, reverse: bool = False) -> list[dict[str, Any]]:
    step = -1 if reverse else 1
    names = [f"pool-{number}" for number in range(len(pools))]
    with localcontext() as context:
        context.prec = 60
        costs = {
            measure: pa.array([Decimal(pool.costs[m]).scaleb(-18) for pool in pools[::step]], MONEY)
            for m, measure in enumerate(MEASURES)
        }
    pool_table = pa.table({"pool_id": pa.array(names[::step], pa.string()), **costs})
    rows = [
        (name, key, weight) for name, pool in zip(names, pools, strict=True) for key, weight in pool.weights.items()
    ]
    rows = rows[::step]
    weight_table = pa.table(
        {
            "pool_id": pa.array([row[0] for row in rows], pa.string()),
            "consumer_key": pa.array([row[1] for row in rows], pa.string()),
            "weight": pa.array([row[2] for row in rows], pa.int64()),
        }
    )
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.register("pools_in", pool_table)
        connection.register("weights_in", weight_table)
        connection.execute("create table pools as select * from pools_in")
        connection.execute("create table weights as select * from weights_in")
        result = connection.sql(f"select * from ({SPLIT_SQL}) order by pool_id, consumer_key nulls first")
        return result.to_arrow_table().to_pylist()


def quanta(amount: Decimal, unit: int = QUANTUM) -> int:
    with localcontext() as context:
        context.prec = 60
        scaled = amount * unit
        assert scaled == int(scaled)
        return int(scaled)


def cut_off(product: int) -> int:
    return product // SHARE if product >= 0 else -(-product // SHARE)


def oracle(pool: Pool) -> dict[str | None, tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """Share, parts and residuals by consumer, in whole quanta."""
    weights = {key: weight for key, weight in pool.weights.items() if weight > 0}
    if not weights:
        return {None: (SHARE, pool.costs, (0, 0, 0, 0))}
    total = sum(weights.values())
    divisor = float(total) if total <= 9 * 10**18 else float(total // 10**6) * 1e6
    shares = {key: int(float(weight) / divisor * 1e15) for key, weight in weights.items()}
    parts = {key: [cut_off(cost * share) for cost in pool.costs] for key, share in shares.items()}
    largest = max(weights.values())
    taker = min(key for key, weight in weights.items() if weight == largest)
    # The taker's whole units follow its full share; only the fractional limb takes what the cutting off left.
    shares[taker] += SHARE - sum(shares.values())
    for m, cost in enumerate(pool.costs):
        parts[taker][m] = cost - sum(part[m] for key, part in parts.items() if key != taker)
    return {
        key: (
            share,
            tuple(parts[key]),
            tuple(part - cut_off(cost * share) for part, cost in zip(parts[key], pool.costs, strict=True)),
        )
        for key, share in shares.items()
    }


def assert_split_exactly(pools: list[Pool], rows: list[dict[str, Any]]) -> None:
    by_pool: dict[str, dict[str | None, dict[str, Any]]] = {f"pool-{number}": {} for number in range(len(pools))}
    for row in rows:
        by_pool[row["pool_id"]][row["consumer_key"]] = row
    assert sum(len(found) for found in by_pool.values()) == len(rows)
    for number, pool in enumerate(pools):
        found = by_pool[f"pool-{number}"]
        assert sum(quanta(row["share"], SHARE) for row in found.values()) == SHARE
        for m, measure in enumerate(MEASURES):
            parts = [quanta(row[measure]) for row in found.values()]
            assert sum(parts) == pool.costs[m]
            assert all(part * pool.costs[m] >= 0 for part in parts)
        actual = {
            key: (
                quanta(row["share"], SHARE),
                tuple(quanta(row[measure]) for measure in MEASURES),
                tuple(quanta(row[f"{measure}_residual"]) for measure in MEASURES),
            )
            for key, row in found.items()
        }
        assert actual == oracle(pool)


cost = st.one_of(
    st.just(0),
    st.integers(-1000, 1000),
    st.integers(-(10**6) * QUANTUM, 10**6 * QUANTUM),
    st.integers(-LARGEST_COST, LARGEST_COST),
    st.integers(-(10**6), 10**6).map(lambda cents: cents * 10**16),
)
weight = st.one_of(
    st.just(0),
    st.just(1),
    st.integers(1, 10),
    st.integers(0, 10**9),
    st.integers(0, LARGEST_WEIGHT),
    st.sampled_from([1_000_000, 2**53 - 1, 2**53 + 1, LARGEST_WEIGHT]),
)
consumer = st.text(alphabet="abXYZ-09|é", min_size=1, max_size=4)
pool = st.builds(Pool, st.tuples(cost, cost, cost, cost), st.dictionaries(consumer, weight, max_size=12))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(pool, min_size=1, max_size=120))
def test_parts_of_any_pools_sum_exactly_and_equal_integer_arithmetic(pools: list[Pool]) -> None:
    assert_split_exactly(pools, run_split(pools))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(pool, min_size=20, max_size=120))
def test_row_order_and_thread_count_do_not_change_a_digit(pools: list[Pool]) -> None:
    assert run_split(pools, threads=1) == run_split(pools, threads=2, reverse=True)


def test_thousands_of_pools_of_a_thousand_consumers_sum_exactly() -> None:
    # Costs of every size and sign meet weights of every size: a fixed sequence, so a failure can be looked at again.
    state = 1
    pools = []
    for size in [1, 2, 3, 7, 1000] * 60:
        weights = {}
        for number in range(size):
            state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            weights[f"consumer-{number:04}"] = state >> (1 + state % 60)
        costs = tuple(
            (-1) ** m * (state * (m + 3) << 40) % LARGEST_COST // 10 ** (state % (9 * (m + 1))) for m in range(4)
        )
        pools.append(Pool((costs[0], costs[1], costs[2], costs[3]), weights))
    assert_split_exactly(pools, run_split(pools))


def test_a_million_to_one_leaves_the_small_consumer_its_share() -> None:
    pools = [Pool((QUANTUM, -QUANTUM, 3, 0), {"big": 1_000_000, "small": 1})]
    rows = {row["consumer_key"]: row for row in run_split(pools)}
    assert rows["small"]["billed_cost"] == Decimal("0.000000999999000000")
    assert rows["small"]["effective_cost"] == Decimal("-0.000000999999000000")
    assert rows["big"]["list_cost"] == Decimal("0.000000000000000003")
    assert_split_exactly(pools, list(rows.values()))


def test_among_equal_largest_weights_the_smallest_key_takes_the_residual() -> None:
    pools = [Pool((QUANTUM, QUANTUM, 2, -2), {"c": 1, "b": 1, "a": 1, "0": 0})]
    rows = run_split(pools)
    assert [row["consumer_key"] for row in rows] == ["a", "b", "c"]
    assert [row["share"] for row in rows] == [
        Decimal("0.333333333333334"),
        Decimal("0.333333333333333"),
        Decimal("0.333333333333333"),
    ]
    assert [row["list_cost"] for row in rows] == [Decimal("2E-18"), 0, 0]
    assert [row["contracted_cost_residual"] for row in rows] == [Decimal("-2E-18"), 0, 0]


def test_a_pool_without_a_positive_weight_keeps_its_whole_cost_in_one_row_without_consumer() -> None:
    costs = (-5, 7 * QUANTUM + 1, 0, LARGEST_COST)
    rows = run_split([Pool(costs, {}), Pool(costs, {"a": 0, "b": 0})])
    assert [(row["pool_id"], row["consumer_key"], row["weight"]) for row in rows] == [
        ("pool-0", None, None),
        ("pool-1", None, None),
    ]
    for row in rows:
        assert tuple(quanta(row[measure]) for measure in MEASURES) == costs
        assert row["share"] == 1
