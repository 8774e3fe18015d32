"""Where an allocated amount comes from: every hop back to the billed lines, with the factors that make it.

Reads the published marts alone, so that anyone who can read a dashboard can check its figures, and a later run cannot
change the answer. What is said is checked while it is said: each hop is multiplied again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb

from finops_pipeline.errors import ConfigurationError, FinopsError
from finops_pipeline.extract.usage_kinds import CONSUMER_COLUMNS

COSTS = {
    "billed": ("allocated_billed_cost", "billed_cost_residual", "BilledCost"),
    "effective": ("allocated_effective_cost", "residual", "EffectiveCost"),
    "list": ("allocated_list_cost", "list_cost_residual", "ListCost"),
    "contracted": ("allocated_contracted_cost", "contracted_cost_residual", "ContractedCost"),
}
"""Cost basis to its columns: the part, its residual, and the charge's cost in focus_cost_and_usage."""

_FACTS = [
    "allocation_id",
    "parent_allocation_id",
    "pool_id",
    "origin_pool_id",
    "source_name",
    "provider_name",
    "billing_account_id",
    "sub_account_id",
    "billing_currency",
    "billing_period",
    "charge_category",
    "service_name",
    "pool_level",
    "step",
    "method",
    "rule",
    "rule_version",
    "driver",
    "driver_unit",
    "driver_window",
    "driver_quantity",
    "driver_total",
    "share",
    "is_idle",
    "idle_type",
    "is_unallocated",
    "unallocated_reason",
    "is_provisional",
    "is_final",
    "hop",
    "charge_date",
    "cluster",
    "gpu_model",
    "bucket",
]
_LINE = [
    "x_ChargeId",
    "x_SourceName",
    "x_DeliveryId",
    "x_LandedFile",
    "x_LandedRow",
    "x_ChargeOrigin",
    "ProviderName",
    "BillingAccountId",
    "SubAccountId",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeDescription",
    "SkuId",
    "ResourceId",
    "ResourceName",
]
_CHARGES_OF_POOL = (
    "from focus_cost_and_usage"
    " where x_SourceName = ? and x_BillingPeriod = ? and x_ChargeDate = ? and BillingCurrency = ? and x_PoolId = ?"
)
"""The facts of a pool that a bill is stored by come first: most of it is never read, and few pool ids are compared."""
_SCALE = Decimal(1).scaleb(-18)


@dataclass(frozen=True)
class Amount:
    """One cost of a hop: `pool x share`, cut off at the 18th decimal, plus the residual."""

    pool: Decimal
    cut_off: Decimal
    residual: Decimal
    amount: Decimal

    @property
    def holds(self) -> bool:
        """Whether the factors give the amount, to the last digit."""
        return self.cut_off + self.residual == self.amount


@dataclass(frozen=True)
class Hop:
    """One split: what was split, by what, and the part that leads to the amount in question."""

    facts: Mapping[str, Any]
    consumer: Mapping[str, str]
    amounts: Mapping[str, Amount]


@dataclass(frozen=True)
class Line:
    """A billed line: its address in the landed file, what it is for, and its four costs."""

    facts: Mapping[str, Any]
    costs: Mapping[str, Decimal]


@dataclass(frozen=True)
class Explanation:
    """An amount, the hops from it back to a pool of charges, and that pool's lines, the dearest first."""

    version: str
    hops: tuple[Hop, ...]
    line_count: int
    lines: tuple[Line, ...]

    @property
    def holds(self) -> bool:
        """Whether every factor of every hop gives its amount, to the last digit."""
        return all(amount.holds for hop in self.hops for amount in hop.amounts.values())


def explain(current: Path, allocation_id: str, *, lines: int | None = 10) -> Explanation:
    """Walk an amount back to its billed lines.

    Args:
        current: the published version, `marts/current`.
        allocation_id: of `fct_cost_allocations`, or of a hop in `fct_allocation_steps`.
        lines: how many billed lines to give, the dearest first; None gives all of them.

    Raises:
        FinopsError: nothing is published, or what is published does not hang together.
        ConfigurationError: no such amount.
    """
    database = current / "marts.duckdb"
    if not database.exists():
        raise FinopsError(f"Nothing is published in {current}; run `finops run` first.")
    with duckdb.connect(str(database), read_only=True) as marts:
        rows = [_step(marts, allocation_id, current)]
        while (parent := rows[-1]["parent_allocation_id"]) is not None:
            rows.append(_step(marts, parent, current))
        origin = rows[-1]
        count, totals, dearest = _charges(marts, origin, lines)
        if not count:
            raise FinopsError(
                f"No charge of focus_cost_and_usage has the pool {origin['pool_id']}; run `finops run --rebuild`."
            )
        pools: list[dict[str, Decimal]] = [
            *({name: parent[part] for name, (part, *_) in COSTS.items()} for parent in rows[1:]),
            totals,
        ]
        return Explanation(
            version=current.resolve().name,
            hops=tuple(_hop(row, pool) for row, pool in zip(rows, pools, strict=True)),
            line_count=count,
            lines=dearest,
        )


def cut_off_part(pool: Decimal, share: Decimal) -> Decimal:
    """`pool x share` without what lies beyond the 18th decimal."""
    with localcontext() as context:
        context.prec = 80
        return (pool * share).quantize(_SCALE, rounding=ROUND_DOWN)


def _step(marts: duckdb.DuckDBPyConnection, allocation_id: str, current: Path) -> dict[str, Any]:
    result = marts.execute("select * from fct_allocation_steps where allocation_id = ?", [allocation_id])
    names = [column[0] for column in result.description or ()]
    rows = result.fetchall()
    if not rows:
        raise ConfigurationError(
            f"{allocation_id!r} is no allocation_id of {current.resolve().name}; take one from fct_cost_allocations"
            " (ids change with the bill, the feeds and the rules)."
        )
    return dict(zip(names, rows[0], strict=True))


def _hop(row: Mapping[str, Any], pool: Mapping[str, Decimal]) -> Hop:
    return Hop(
        facts={name: row[name] for name in _FACTS},
        consumer={name: row[name] for name in CONSUMER_COLUMNS if row[name] is not None},
        amounts={
            name: Amount(pool[name], cut_off_part(pool[name], row["share"]), row[residual], row[part])
            for name, (part, residual, _) in COSTS.items()
        },
    )


def _charges(
    marts: duckdb.DuckDBPyConnection, origin: Mapping[str, Any], limit: int | None
) -> tuple[int, dict[str, Decimal], tuple[Line, ...]]:
    """How many charges a pool has, what they sum to, and the dearest of them, in one pass over its day of the bill."""
    costs = [column for *_, column in COSTS.values()]
    rows = marts.execute(
        f"select count(*) over (), {', '.join(f'sum({cost}) over ()' for cost in costs)}, {', '.join(_LINE + costs)}"
        f" {_CHARGES_OF_POOL} order by abs(EffectiveCost) desc, abs(BilledCost) desc, x_ChargeId"
        + ("" if limit is None else f" limit {max(1, limit):d}"),
        [origin[name] for name in ("source_name", "billing_period", "charge_date", "billing_currency", "pool_id")],
    ).fetchall()
    if not rows:
        return 0, {}, ()
    count, *totals = rows[0][: 1 + len(costs)]
    lines = [row[1 + len(costs) :] for row in rows[:limit]]
    return (
        count,
        dict(zip(COSTS, totals, strict=True)),
        tuple(
            Line(dict(zip(_LINE, line, strict=False)), dict(zip(COSTS, line[len(_LINE) :], strict=True)))
            for line in lines
        ),
    )
