"""Is what `fct_waste` calls waste money of the ledger, once, and was anything left running?"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, counted, exact, some_of

LEFT_RUNNING = (
    "idle_address",
    "disk_without_machine",
    "stopped_but_billed",
    "notebook_never_stopped",
    "endpoint_without_requests",
)
"""Kinds that one person ends by one command. Idle machines and commitments are planned, not switched off."""

_NEWEST_MONTH = "(select substr(cast(max(charge_date) - 1 as varchar), 1, 7) from fct_cost_allocations)"
"""That of the day before the newest: a window over a month's end reaches into a day that nobody has delivered yet."""

WORTH_A_LOOK = 50
"""Amount in a month from which a finding is told: about the cheapest machine left on (November 2026)."""

STOP_IT = "Stop or delete it, or ask its team; fct_waste has each day with its evidence and allocation_id."


def waste_is_part_of_the_ledger(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """The wasted parts of an amount are together never more than the amount, and none is avoidable beyond its cost.

    Args:
        warehouse: has `fct_waste`, `fct_cost_allocations` and `int_charges_assigned_to_pools`.
    """
    (amounts,) = warehouse.execute("select count(distinct allocation_id) from fct_waste").fetchone() or (0,)
    rows = warehouse.execute(
        """
        with parts as (
            select allocation_id, sum(effective_cost) as wasted, min(effective_cost) as smallest,
                max(coalesce(avoidable_cost, 0) - effective_cost) as beyond
            from fct_waste
            group by allocation_id
        ),
        suspects as (
            select parts.allocation_id, parts.wasted, allocations.pool_id,
                allocations.allocated_effective_cost as amount,
                allocations.allocation_id is null or parts.smallest < 0 or parts.beyond > 0 as is_offender
            from parts
            left join fct_cost_allocations as allocations
                on parts.allocation_id = allocations.allocation_id
            where is_offender or parts.wasted > allocations.allocated_effective_cost
        ),
        -- a pool may hold a refund of its own beside what was wasted
        refunds as (
            select pool_id, -sum(effective_cost) as refund
            from int_charges_assigned_to_pools
            where pool_id in (select pool_id from suspects) and effective_cost < 0
            group by pool_id
        )
        select allocation_id, wasted, amount + coalesce(refund, 0) as allowed
        from suspects
        left join refunds on suspects.pool_id = refunds.pool_id
        where is_offender or wasted > allowed
        order by wasted - allowed desc nulls first, 1
        """
    ).fetchall()
    offenders = [
        Offender(key, f"{exact(wasted)} called waste", f"at most {exact(allowed)}") for key, wasted, allowed in rows
    ]
    return CheckOutcome(
        observed=some_of(len(offenders), amounts, "amount", "has", "have") + " more waste than cost",
        expected="the wasted parts of every amount of the ledger are together at most the amount",
        next_step="A fault of the pipeline, please report: fct_waste counts a part twice; nothing was published.",
        offenders=offenders,
    )


@dataclass(frozen=True)
class LeftRunning:
    """One thing that was paid for in the newest month and that nobody used."""

    kind: str
    name: str
    source_name: str
    team: str | None
    billing_currency: str
    days: int
    last_day: date
    evidence: str
    cost: Decimal
    allocation_id: str
    """An amount of its last day, for `finops explain`."""

    @property
    def subject(self) -> str:
        """What it is called in a check's results."""
        return f"{self.name} ({self.source_name})"

    @property
    def when(self) -> str:
        """On how many days, and how that shows."""
        return f"on {counted(self.days, 'day')} up to {self.last_day}; {self.evidence}"


def left_running(warehouse: duckdb.DuckDBPyConnection) -> list[LeftRunning]:
    """What somebody can switch off and that wasted an amount worth a look in the newest month, the dearest first.

    Args:
        warehouse: has `fct_waste` and `fct_cost_allocations`, as the published marts do.
    """
    rows = warehouse.execute(
        f"""
        with newest as (
            select * from fct_waste
            where month = {_NEWEST_MONTH}
        ),
        findings as (
            select waste_kind, subject, source_name, team, billing_currency,
                count(distinct charge_date) as days, max(charge_date) as last_day, max(evidence) as evidence,
                sum(avoidable_cost) as cost, max_by(allocation_id, (charge_date, avoidable_cost, allocation_id))
            from newest
            where list_contains(?, waste_kind)
            group by all
        )
        select * from findings where cost >= ? order by cost desc, waste_kind, subject
        """,
        [list(LEFT_RUNNING), WORTH_A_LOOK],
    ).fetchall()
    return [LeftRunning(*row) for row in rows]


def nothing_is_left_running(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """In the newest month no notebook, endpoint, disk or address was paid for that nobody used.

    Args:
        warehouse: has `fct_waste` and `fct_cost_allocations`.
    """
    left = left_running(warehouse)
    totals = warehouse.execute(
        f"""
        select waste_kind, billing_currency, sum(avoidable_cost) as cost
        from fct_waste
        where month = {_NEWEST_MONTH}
        group by all
        having cost > 0
        order by cost desc, waste_kind
        """
    ).fetchall()
    told = ", ".join(f"{kind} {cost:,.2f} {currency}" for kind, currency, cost in totals)
    return CheckOutcome(
        observed=f"{counted(len(left), 'thing')} left running" + (f"; all waste of the month: {told}" if told else ""),
        expected=f"nothing that somebody can switch off wasted {WORTH_A_LOOK} or more in the newest month",
        next_step=STOP_IT,
        offenders=[
            Offender(
                thing.subject,
                f"{thing.kind}: {thing.cost:,.2f} {thing.billing_currency} {thing.when}",
                f"switched off when nobody needs it; {thing.team or 'nobody known'} answers",
                owner=thing.team,
            )
            for thing in left
        ],
    )
