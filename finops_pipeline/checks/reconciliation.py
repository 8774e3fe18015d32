"""Was any cent lost or invented between the delivered files and the ledger? Exact decimals, no tolerance."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, Subject, counted, exact, some_of


def raw_total_equals_normalized_total(
    warehouse: duckdb.DuckDBPyConnection, deliveries: Sequence[Mapping[str, Any]], now: datetime
) -> CheckOutcome:
    """What was delivered, at full precision, is what the models made of it plus the recorded rounding.

    The totals of the ledger were taken while landing, straight from the delivered amounts: they are the control the
    mart is held against, so a total that the mart has not got at all is an offender too. A basis that nobody delivered
    (Azure's actual export without the amortized one) has nothing to be held against. What amortization.yaml moved
    between months is recorded and taken into account. Two Azure exports that show different usage are allowed, with
    their difference recorded, until their month is closed.

    Args:
        warehouse: has `fct_reconciliation`.
        deliveries: rows of the deliveries ledger.
        now: the run's clock, which tells whether a month is closed.
    """
    delivered = {
        (d["source_name"], d["billing_period"], total["billing_currency"] or "XXX", total["cost_basis"])
        for d in deliveries
        if d["status"] == "live"
        for total in d["totals"] or ()
    }
    rows = warehouse.execute(
        """
        select
            source_name, billing_period, billing_currency, cost_basis,
            raw_cost, rounding_difference, normalized_cost,
            raw_to_normalized_difference - amortization_difference, pairing_difference,
            -- Azure closes a month up to five days after its end
            ? >= cast(billing_period || '-01' as timestamp) + interval 1 month + interval 5 days as is_closed
        from fct_reconciliation
        order by abs(raw_to_normalized_difference) desc nulls first, source_name, billing_period, cost_basis
        """,
        [now.replace(tzinfo=None)],
    ).fetchall()
    offenders, confirmed = [], []
    for row in rows:
        told = (
            _subject(row),
            f"delivered {exact(row[4])}, normalized {exact(row[6])}, rounding {exact(row[5])}: off by {exact(row[7])}"
            + (", because the actual and the amortized delivery show different usage" if row[8] else ""),
            "a difference of 0",
        )
        is_delivered = tuple(row[:4]) in delivered
        if _is_unexplained(difference=row[7], pairing=row[8], is_closed=row[9], is_delivered=is_delivered):
            offenders.append(Offender(*told))
        elif is_delivered:
            confirmed.append(Subject(*told))
    missing = delivered - {tuple(row[:4]) for row in rows}
    offenders += [
        Offender(_subject(key), "delivered, but absent from fct_reconciliation", "one row")
        for key in sorted(missing, key=str)
    ]
    return CheckOutcome(
        observed=some_of(len(offenders), len(rows) + len(missing), "delivered total", "differs", "differ")
        + " from the normalized ones",
        expected="raw total = normalized total + recorded rounding difference, to the last digit",
        next_step="Compare the delivery's files with the staging model of that source; nothing was published.",
        offenders=offenders,
        confirmed=confirmed,
    )


def _subject(row: Sequence[Any]) -> str:
    """Source, month, currency and basis."""
    return " ".join(str(part) for part in row[:4])


def _is_unexplained(*, difference: Decimal | None, pairing: Decimal, is_closed: bool, is_delivered: bool) -> bool:
    if difference is None:
        return is_delivered
    return difference != pairing or (pairing != 0 and is_closed)


def normalized_total_equals_allocated_total(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """Per source, period, currency and cost basis the ledger adds up to the normalized bill."""
    rows = warehouse.execute(
        """
        select
            source_name, billing_period, billing_currency, cost_basis,
            normalized_cost, allocated_cost, normalized_to_allocated_difference
        from fct_reconciliation
        order by abs(normalized_to_allocated_difference) desc nulls first, source_name, billing_period, cost_basis
        """
    ).fetchall()
    offenders, confirmed = [], []
    for row in rows:
        difference = f"normalized {exact(row[4])}, allocated {exact(row[5])}: off by {exact(row[6])}"
        if row[6] is None or row[6] != 0:
            offenders.append(Offender(_subject(row), difference, "a difference of 0"))
        else:
            confirmed.append(Subject(_subject(row), difference, "a difference of 0"))
    return CheckOutcome(
        observed=some_of(len(offenders), len(rows), "total", "differs", "differ") + " between the bill and the ledger",
        expected="normalized total = allocated total, to the last digit",
        next_step="Find the pool that lost or invented money: compare int_ models by pool_id; nothing was published.",
        offenders=offenders,
        confirmed=confirmed,
    )


def every_day_is_allocated_exactly(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """Per source, currency and day all four costs of the ledger equal those of the charges.

    A full outer join: a day that only one side has is as wrong as a day with another sum. What the charges of closed
    months sum to is kept from the run that made them, so all charges are counted and summed once more, by day alone:
    one that was lost since then, or came, is missed.
    """
    rows = warehouse.execute(
        """
        with normalized as (
            select
                source_name, billing_currency, charge_date,
                sum(billed_cost) as billed, sum(effective_cost) as effective,
                sum(list_cost) as list, sum(contracted_cost) as contracted
            from int_charge_totals_by_day
            group by all
        ),
        allocated as (
            select
                source_name, billing_currency, charge_date,
                sum(allocated_billed_cost) as billed, sum(allocated_effective_cost) as effective,
                sum(allocated_list_cost) as list, sum(allocated_contracted_cost) as contracted
            from fct_cost_allocations
            group by all
        ),
        compared as (
            select
                coalesce(normalized.source_name, allocated.source_name) as source_name,
                coalesce(normalized.billing_currency, allocated.billing_currency) as billing_currency,
                coalesce(normalized.charge_date, allocated.charge_date) as charge_date,
                normalized.source_name is null or allocated.source_name is null as is_one_sided,
                coalesce(allocated.billed, 0) - coalesce(normalized.billed, 0) as billed,
                coalesce(allocated.effective, 0) - coalesce(normalized.effective, 0) as effective,
                coalesce(allocated.list, 0) - coalesce(normalized.list, 0) as list,
                coalesce(allocated.contracted, 0) - coalesce(normalized.contracted, 0) as contracted
            from normalized
            full outer join allocated
                on normalized.source_name = allocated.source_name
                and normalized.billing_currency is not distinct from allocated.billing_currency
                and normalized.charge_date is not distinct from allocated.charge_date
        )
        select *, is_one_sided or billed <> 0 or effective <> 0 or list <> 0 or contracted <> 0 as is_offender
        from compared
        order by is_offender desc, greatest(abs(billed), abs(effective), abs(list), abs(contracted)) desc,
            source_name, billing_currency, charge_date
        """
    ).fetchall()
    offenders = [
        Offender(
            f"{source} {currency} {day}",
            f"allocated minus normalized: billed {exact(billed)}, effective {exact(effective)}, "
            f"list {exact(listed)}, contracted {exact(contracted)}",
            "0 in all four costs, and the day on both sides",
        )
        for source, currency, day, _, billed, effective, listed, contracted, is_offender in rows
        if is_offender
    ]
    offenders += _days_with_other_charges(warehouse)
    months: dict[tuple[str, str, str], list[bool]] = {}
    for source, currency, day, *_, is_offender in rows:
        months.setdefault((source, str(day)[:7], currency), []).append(is_offender)
    return CheckOutcome(
        observed=some_of(len(offenders), len(rows), "day", "differs", "differ") + " between the bill and the ledger",
        expected="every day of every source adds up, to the last digit",
        next_step=(
            "A day moved or a pool was dropped: compare int_ models by pool_id and charge_date. Where the warehouse "
            "has other charges than were summed up, run `finops run --rebuild`."
        ),
        offenders=offenders,
        confirmed=[
            Subject(f"{source} {month} {currency}", f"{counted(len(days), 'day')}, none differs", "every day adds up")
            for (source, month, currency), days in sorted(months.items())
            if not any(days)
        ],
    )


_COSTS = ("billed", "effective", "list", "contracted")


def _days_with_other_charges(warehouse: duckdb.DuckDBPyConnection) -> list[Offender]:
    """The days of which the warehouse has more or fewer charges, or another cost, than was summed up."""
    sums = ", ".join(f"sum({cost}_cost) as {cost}" for cost in _COSTS)
    facts = ("charges", *_COSTS)
    found, expected = (", ".join(f"coalesce({side}.{fact}, 0)" for fact in facts) for side in ("standing", "summed_up"))
    rows = warehouse.execute(
        f"""
        with standing as (
            select charge_date, count(*) as charges, {sums}
            from int_charges_attributed_to_owners
            group by charge_date
        ),
        summed_up as (
            select charge_date, sum(charges) as charges, {sums}
            from int_charge_totals_by_day
            group by charge_date
        )
        select coalesce(standing.charge_date, summed_up.charge_date) as day, {found}, {expected}
        from standing
        full outer join summed_up on standing.charge_date is not distinct from summed_up.charge_date
        where {" or ".join(f"standing.{fact} is distinct from summed_up.{fact}" for fact in facts)}
        order by day
        """
    ).fetchall()
    width = len(facts)
    return [
        Offender(str(day), _charges(told[:width], "in the warehouse"), _charges(told[width:], "as summed up"))
        for day, *told in rows
    ]


def _charges(told: Sequence[Any], where: str) -> str:
    charges, *costs = told
    sums = ", ".join(f"{name} {exact(cost)}" for name, cost in zip(_COSTS, costs, strict=True))
    return f"{counted(int(charges), 'charge')} {where}: {sums}"
