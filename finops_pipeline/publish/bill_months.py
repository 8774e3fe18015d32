"""What each month of the bill was made from, by what the warehouse knows: told without reading its hundred columns.

A month of `focus_cost_and_usage` follows from its normalized charges, from the pools that its charges belong to, and
from exchange rates. What it was mapped from stands in `months_mapped`, the rates of a month in `int_month_inputs`:
normalization and allocation keep closed months by them.
"""

import hashlib
import json
from collections.abc import Mapping

import duckdb

from finops_pipeline.fingerprint import NOT_OF_MAPPING
from finops_pipeline.publish.months import Month

_CHARGES = "int_charge_totals_by_day"
_POOLS = "int_charges_matched_to_rules"
_MAPPED = "months_mapped"
_INPUTS = "int_month_inputs"
_BALANCES = "fct_prepayment_balances"


def months_of_the_bill(connection: duckdb.DuckDBPyConnection, made_with: Mapping[str, str]) -> list[Month] | None:
    """The months of the bill in order; None where the warehouse does not tell what they were made from.

    Costs and rows of a month count as well: should charges ever change without a delivery, rule or line of code that
    has changed, these tell.

    Args:
        connection: the warehouse.
        made_with: the parts of the fingerprint that the warehouse was built from.
    """
    tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    if not {_CHARGES, _POOLS, _MAPPED, _INPUTS, _BALANCES} <= tables or _prepayments(connection):
        return None
    # Feeds are told by the pools they make; no column of the bill tells which month is open.
    rest = json.dumps({name: part for name, part in made_with.items() if name not in NOT_OF_MAPPING}, sort_keys=True)
    rows = connection.execute(
        f"""
        with charges as (
            select
                billing_period,
                sum(charges) as charges,
                sum(billed_cost) as billed_cost,
                sum(effective_cost) as effective_cost,
                strftime(min(charge_date), '%Y-%m') as first_month,
                strftime(max(charge_date), '%Y-%m') as last_month
            from {_CHARGES}
            group by 1
        ),
        mapped as (
            select billing_period, string_agg(source_name || ' ' || made_from, ', ' order by source_name) as made_from
            from {_MAPPED}
            group by 1
        ),
        pools as (
            select billing_period, count(*) as kinds, sum(cast(hash(alike_id, pool_id) as hugeint)) as pools
            from {_POOLS}
            group by 1
        ),
        rates as (
            select
                charges.billing_period,
                string_agg(inputs.input || ' ' || inputs.digest, ', ' order by inputs.input) as rates
            from charges
            inner join {_INPUTS} as inputs
                on inputs.months[1] between charges.first_month and charges.last_month
            where inputs.input like 'rates of %'
            group by 1
        )
        select
            charges.billing_period,
            charges.charges,
            concat_ws(
                '/', mapped.made_from, charges.charges, charges.billed_cost, charges.effective_cost, pools.kinds,
                pools.pools, rates.rates
            ) as made_from,
            mapped.made_from is not null and pools.pools is not null as is_known
        from charges
        left join mapped on charges.billing_period = mapped.billing_period
        left join pools on charges.billing_period = pools.billing_period
        left join rates on charges.billing_period = rates.billing_period
        order by charges.billing_period
        """
    ).fetchall()
    if any(month is None for month, *_ in rows):
        return None
    return [
        Month(month, count, hashlib.sha256(f"{made_from} {rest}".encode()).hexdigest() if is_known else None)
        for month, count, made_from, is_known in rows
    ]


def _prepayments(connection: duckdb.DuckDBPyConnection) -> int:
    """How many there are: capacity that is prepaid is spread over months that were not delivered with it."""
    ((count,),) = connection.execute(f"select count(*) from {_BALANCES}").fetchall()
    return count
