"""Do the marts of unit costs tell the whole bill, once? Exact decimals, no tolerance."""

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, counted, exact

_MARTS_OF_USES = {
    "inference": "fct_inference_unit_costs",
    "training": "fct_training_run_days",
    "storage": "fct_storage_unit_costs",
}
"""The use of the bridge that each mart's effective cost adds up to."""


def costs_add_up_to_the_bill(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """Per day, currency and cost basis: the uses together are the ledger, and the ledger is the bill.

    On the effective basis the marts of inference, training and storage must hold exactly what the bridge counts for
    their use, so that no mart shows money that another one shows too.

    Args:
        warehouse: has `fct_cost_bridge_to_bill` and the marts of each use.
    """
    offenders = [*_bridge_offenders(warehouse), *_mart_offenders(warehouse)]
    (days,) = warehouse.execute("select count(*) from fct_cost_bridge_to_bill").fetchone() or (0,)
    return CheckOutcome(
        observed=f"{counted(len(offenders), 'sum differs', 'sums differ')}; added up:"
        f" {counted(days, 'combination')} of day, currency and basis",
        expected="inference + training + storage + other + idle + unallocated + credits + tax = ledger = bill, and each"
        " mart = its use, to the last digit",
        next_step="Compare int_allocations_classified_by_use with the mart by day; nothing was published.",
        offenders=offenders,
    )


def _bridge_offenders(warehouse: duckdb.DuckDBPyConnection) -> list[Offender]:
    rows = warehouse.execute(
        """
        select charge_date, billing_currency, cost_basis, uses_to_ledger_difference, ledger_to_bill_difference
        from fct_cost_bridge_to_bill
        where uses_to_ledger_difference <> 0 or ledger_to_bill_difference <> 0
        order by greatest(abs(uses_to_ledger_difference), abs(ledger_to_bill_difference)) desc, 1, 2, 3
        """
    ).fetchall()
    return [
        Offender(
            f"{day} {currency} {basis}",
            f"uses minus ledger {exact(uses)}, ledger minus bill {exact(bill)}",
            "0 and 0",
        )
        for day, currency, basis, uses, bill in rows
    ]


def _mart_offenders(warehouse: duckdb.DuckDBPyConnection) -> list[Offender]:
    offenders = []
    for use, mart in _MARTS_OF_USES.items():
        rows = warehouse.execute(
            f"""
            with mart as (
                select charge_date, billing_currency, sum(effective_cost) as cost
                from {mart}
                where billing_currency is not null
                group by all
            ),
            bridge as (
                select charge_date, billing_currency, {use}_cost as cost
                from fct_cost_bridge_to_bill
                where cost_basis = 'effective'
            )
            select
                coalesce(mart.charge_date, bridge.charge_date) as charge_date,
                coalesce(mart.billing_currency, bridge.billing_currency) as billing_currency,
                coalesce(mart.cost, 0) as mart_cost,
                coalesce(bridge.cost, 0) as bridge_cost
            from mart
            full outer join bridge
                on mart.charge_date = bridge.charge_date and mart.billing_currency = bridge.billing_currency
            where coalesce(mart.cost, 0) <> coalesce(bridge.cost, 0)
            order by abs(mart_cost - bridge_cost) desc, 1, 2
            """
        ).fetchall()
        offenders += [
            Offender(f"{mart} {day} {currency}", f"{exact(cost)}", f"{exact(bridged)}, the ledger's {use}")
            for day, currency, cost, bridged in rows
        ]
    return offenders
