"""Raw totals at full precision, straight from the delivered amounts: the control that the normalized ledger must meet.

Which amounts make up the billed and the effective cost of each dataset is here, and how texts are summed exactly.
Nothing is corrected: dbt normalizes the same amounts on its own way, and the two must agree to the last digit.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Total
from finops_pipeline.extract.duck import file_literal, literal, quoted, rows

Columns = dict[str, str]
"""Canonical name (see `canonical`) to the delivered column's own name."""
Components = Callable[[Columns, bool], str]
"""SQL over `landed`: x_file, x_row, billing_currency, cost_basis, column_name, sign, amount (text), one per amount."""

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


def canonical(name: str) -> str:
    """One spelling for a column over dialects: `lineItem/UnblendedCost` and `line_item_unblended_cost` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def aws_components(columns: Columns, is_net: bool) -> str:
    """Billed: unblended cost of every line. Effective: amortized by line type, as AWS's own cost dashboards do.

    The `net` columns (after private discounts) are taken for the whole delivery or not at all. The commitment of a
    savings plan has no net form. Lines without an effective amount of their own (negations, upfront fees, the fee of
    a reservation, what gives a commitment back) count nothing: their cost reaches the covered usage and the recurring
    fee.
    """

    is_split = f"{_text(columns, 'splitlineitemparentresourceid')} is not null"

    def amount(*names: str) -> str:
        chosen = [_NET[name] for name in names if is_net and name in _NET] + list(names)
        delivered = _text(columns, *chosen)
        if "splitlineitemparentresourceid" not in columns:
            return delivered
        return f"case when {is_split} then null else {delivered} end"

    unblended = amount("lineitemunblendedcost")
    line_type = _text(columns, "lineitemlineitemtype")
    is_reservation_fee = f"{_text(columns, 'reservationreservationarn')} is not null"
    is_commitment_refund = (
        f"({is_reservation_fee} or {_text(columns, 'savingsplansavingsplanarn')} is not null)"
        f" and {_text(columns, 'lineitemtaxtype')} is null"
    )
    first = f"""case {line_type}
        when 'SavingsPlanCoveredUsage' then {amount("savingsplansavingsplaneffectivecost")}
        when 'SavingsPlanRecurringFee' then {amount("savingsplantotalcommitmenttodate")}
        when 'SavingsPlanNegation' then null
        when 'SavingsPlanUpfrontFee' then null
        when 'DiscountedUsage' then {amount("reservationeffectivecost")}
        when 'RIFee' then {amount("reservationunusedamortizedupfrontfeeforbillingperiod")}
        when 'Fee' then case when {is_reservation_fee} then null else {unblended} end
        when 'Refund' then case when {is_commitment_refund} then null else {unblended} end
        else {unblended} end"""
    used = f"case {line_type} when 'SavingsPlanRecurringFee' then {amount('savingsplanusedcommitment')} end"
    unused_fee = f"case {line_type} when 'RIFee' then {amount('reservationunusedrecurringfee')} end"
    currency = _text(columns, "lineitemcurrencycode")
    return _union(
        _component(currency, "billed", _name(columns, "lineitemunblendedcost"), unblended),
        _component(currency, "effective", "effective cost", first),
        _component(currency, "effective", "savings plan used commitment", used, sign=-1, if_any=True),
        _component(currency, "effective", "reservation unused recurring fee", unused_fee, if_any=True),
    )


_NET = {
    "lineitemunblendedcost": "lineitemnetunblendedcost",
    "savingsplansavingsplaneffectivecost": "savingsplannetsavingsplaneffectivecost",
    "reservationeffectivecost": "reservationneteffectivecost",
    "reservationunusedamortizedupfrontfeeforbillingperiod": "reservationnetunusedamortizedupfrontfeeforbillingperiod",
    "reservationunusedrecurringfee": "reservationnetunusedrecurringfee",
}


def gcp_components(columns: Columns, is_net: bool) -> str:
    """Billed and effective alike: cost plus every credit (credits are negative)."""
    del is_net
    currency = _text(columns, "currency")
    credit = "nullif(trim(cast(credit.amount as varchar)), '')"
    credits = f"(select *, unnest({quoted(columns['credits'])}) as credit from landed)"
    return _union(
        *(
            part
            for basis in ("billed", "effective")
            for part in (
                _component(currency, basis, "cost", _text(columns, "cost")),
                _component(currency, basis, "credits.amount", credit, source=credits),
            )
        )
    )


def azure_components(basis: str) -> Components:
    """Cost in the billing currency: billed in an actual export, effective in an amortized one."""

    def components(columns: Columns, is_net: bool) -> str:
        del is_net
        currency = _text(columns, "billingcurrency", "billingcurrencycode", "currency")
        names = ("costinbillingcurrency", "cost", "pretaxcost")
        return _component(currency, basis, _name(columns, *names), _text(columns, *names))

    return components


def focus_components(columns: Columns, is_net: bool) -> str:
    """BilledCost and EffectiveCost as delivered. Some exports write a missing value as the text NULL."""
    del is_net
    currency = f"nullif({_text(columns, 'billingcurrency')}, 'NULL')"
    return _union(
        *(
            _component(currency, basis, _name(columns, name), f"nullif({_text(columns, name)}, 'NULL')")
            for basis, name in (("billed", "billedcost"), ("effective", "effectivecost"))
        )
    )


def raw_totals(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], components: Components, is_net: bool
) -> tuple[Total, ...]:
    """Exact totals of landed parts by currency and cost basis, ordered by both.

    Raises:
        DeliveryError: an amount is no number, or too large for money (10^20); names file, row, column and value.
    """
    if not parts:
        return ()
    files = ", ".join(file_literal(part) for part in parts)
    landed = f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
    columns: Columns = {}
    for name, *_ in rows(connection, f"describe select * from {landed}"):
        columns.setdefault(canonical(name), name)
    # An amount of 19 characters without exponent has no more than 18 decimals. Below 10 (nearly all amounts) the cast
    # to 37 decimals is exact; the few that fit neither way are told by `is_wide` and get a query of their own.
    query = f"""
        with landed as (select * from {landed}),
        components as ({components(columns, is_net)}),
        rounded as (
            select *, try_cast(amount as decimal(38, 18)) as rounded,
                case when length(amount) >= 20 or contains(lower(amount), 'e') then amount end as long_amount
            from components
        ),
        exact as (
            select *, try_cast(long_amount as decimal(38, 37)) - try_cast(rounded as decimal(38, 37)) as beyond,
                long_amount is not null and beyond is null as is_wide,
                amount is not null and (rounded is null or not regexp_full_match(amount, '{_NUMBER}')) as is_bad
            from rounded
        )
        """
    sums = {
        (currency, basis): (raw, beyond, bad, wide)
        for currency, basis, raw, beyond, bad, wide in rows(
            connection,
            f"""{query}
            select billing_currency, cost_basis, coalesce({_signed_sum("rounded")}, 0),
                coalesce({_signed_sum("beyond")}, 0), count(*) filter (where is_bad), count(*) filter (where is_wide)
            from exact group by all order by billing_currency nulls first, cost_basis""",
        )
    }
    if any(bad for _, _, bad, _ in sums.values()):
        first_bad = f"""{query}
            select x_file, x_row, column_name, amount from exact
            where is_bad order by x_file, x_row, cost_basis, column_name limit 1"""
        [(file, row, column, amount)] = rows(connection, first_bad)
        raise DeliveryError(f"{file}, row {row}: {column} is {amount!r}; expected a number below 10^20")
    more: dict[tuple[str | None, str], Decimal] = {}
    if any(wide for *_, wide in sums.values()):
        wide_sums = f"""{query}, wide as (select *, {_fraction_sql("amount")} as fraction from exact where is_wide)
            select billing_currency, cost_basis, {_signed_sum("fraction")} from wide group by all"""
        more = {(currency, basis): fraction for currency, basis, fraction in rows(connection, wide_sums)}
    with localcontext(prec=100):
        return tuple(
            Total(currency, basis, raw, beyond + more.get((currency, basis), Decimal(0)))
            for (currency, basis), (raw, beyond, _, _) in sums.items()
        )


def _signed_sum(amount: str) -> str:
    return f"sum(case when sign < 0 then -{amount} else {amount} end)"


def _fraction_sql(amount: str) -> str:
    """What rounding to 18 decimals takes away from an amount of any size, from the digits of its text.

    The fraction's digits are the last ones of the mantissa, as many as it has decimals once the exponent is applied.
    """
    mantissa = f"split_part(lower({amount}), 'e', 1)"
    exponent = f"coalesce(try_cast(nullif(split_part(lower({amount}), 'e', 2), '') as integer), 0)"
    decimals = f"(length(split_part({mantissa}, '.', 2)) - {exponent})"
    digits = f"repeat('0', {decimals}) || regexp_replace({mantissa}, '[^0-9]', '', 'g')"
    fraction = f"('0.' || right({digits}, {decimals}))"
    lost = f"cast({fraction} as decimal(38, 37)) - cast(cast({fraction} as decimal(38, 18)) as decimal(38, 37))"
    return f"""case
            when {decimals} not between 19 and 99 then cast(0 as decimal(38, 37))
            when starts_with({amount}, '-') then -({lost})
            else {lost}
        end"""


def _text(columns: Columns, *names: str) -> str:
    """The first of these columns that was delivered, as text without blanks; null for an empty or absent one."""
    for name in names:
        if name in columns:
            return f"nullif(trim(cast({quoted(columns[name])} as varchar)), '')"
    return "cast(null as varchar)"


def _name(columns: Columns, *names: str) -> str:
    """How the first of these columns was delivered, for messages."""
    return next((columns[name] for name in names if name in columns), names[0])


def _component(
    currency: str, basis: str, column: str, amount: str, *, sign: int = 1, if_any: bool = False, source: str = "landed"
) -> str:
    where = f" where {amount} is not null" if if_any else ""
    return (
        f"select x_file, x_row, upper({currency}) as billing_currency, '{basis}' as cost_basis,"
        f" {literal(column)} as column_name, {sign} as sign, {amount} as amount from {source}{where}"
    )


def _union(*components: str) -> str:
    return "\nunion all\n".join(components)
