"""Has every source delivered, and something, for every day? How lately is `freshness.py`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, Subject, counted, exact, some_of
from finops_pipeline.side_files.invoices import Invoices

FIRST_DELIVERY_OF_A_MONTH_TAKES = timedelta(days=3)
"""AWS promises the first file of a month within a day, Azure and Google within two; a weekend makes it three."""

LEAST_SHARE_OF_ROWS = Decimal("0.9")
"""Of the delivery before: corrections of a closed month move some lines; a tenth is an account or a service."""

FEW_LINES = 100
"""A bill with fewer comes and goes by its nature, as one of three API keys does."""

Delivery = Mapping[str, Any]
"""One row of the ledger of deliveries."""


def every_complete_delivery_has_rows(deliveries: Sequence[Delivery]) -> CheckOutcome:
    """A complete bill without a line is accepted only if the delivery before it had none either.

    An export that suddenly says "nothing was spent" is far more often a broken export than a free month, and
    publishing it would show a fall to zero. Usage feeds may be empty: a day without training runs is a fact.
    """
    bills = [delivery for delivery in deliveries if delivery["provider"] != "usage"]
    rows_before = {(*_slot(d), d["delivery_id"]): d["rows"] for d in bills}
    live = [delivery for delivery in bills if delivery["status"] == "live"]
    empty = [d for d in live if not d["rows"] and rows_before.get((*_slot(d), d["previous_delivery_id"])) != 0]
    return CheckOutcome(
        observed=some_of(len(empty), len(live), "live delivery", "has no rows", "have no rows"),
        expected="every complete delivery has rows, unless the one before it had none",
        next_step=(
            "Ask who runs the export why it is empty. A second empty delivery of the period is taken as a fact; "
            "until then the published marts stay as they are."
        ),
        offenders=[Offender(_subject(d), f"0 rows in {d['manifest']}", "at least 1 row") for d in empty],
        confirmed=[Subject(_subject(d), f"{d['rows']:,} rows", "at least 1 row") for d in live if d not in empty],
    )


def no_delivery_has_lost_rows(deliveries: Sequence[Delivery]) -> CheckOutcome:
    """A delivery that replaces an earlier one of its month has at least nine tenths of its rows.

    A month only grows while it is open; afterwards it is corrected line by line. One that shrinks by more has usually
    lost an account or a part of its files. Totals cannot tell: those of the ledger are the shrunken delivery's own.
    """
    bills = [delivery for delivery in deliveries if delivery["provider"] != "usage"]
    rows_before = {(*_slot(d), d["delivery_id"]): d["rows"] for d in bills}
    offenders, confirmed = [], []
    for delivery in bills:
        before = rows_before.get((*_slot(delivery), delivery["previous_delivery_id"]))
        if delivery["status"] != "live" or not before:
            continue
        told = (_subject(delivery), f"{delivery['rows']:,} rows", f"at least nine tenths of {before:,}")
        if delivery["rows"] < before * LEAST_SHARE_OF_ROWS:
            offenders.append(Offender(*told))
        else:
            confirmed.append(Subject(*told))
    return CheckOutcome(
        observed=some_of(len(offenders), len(offenders) + len(confirmed), "replaced month", "has lost", "have lost")
        + " more than a tenth",
        expected="a delivery has at least nine tenths of the rows of the one it replaces",
        next_step="Compare fct_deliveries with the provider's console for the month: is an account or a service gone?",
        offenders=offenders,
        confirmed=confirmed,
    )


def no_month_has_lost_half_its_bill(
    deliveries: Sequence[Delivery], published: Sequence[Mapping[str, Any]], invoices: Invoices, today: date
) -> CheckOutcome:
    """No delivery has less than half the lines and half the money of the one that the published marts were made from.

    It takes both: a bill by the day instead of the hour has fewer lines for the same money, a refund has more lines
    for less. An empty one is judged by `every_complete_delivery_has_rows`.

    Args:
        deliveries: the ledger, with what was superseded.
        published: the deliveries that the published version names; none before the first.
        invoices: its waivers accept a smaller bill, too.
        today: the run's day, on which waivers hold or have ended.
    """
    landed = {(*_slot(d), d["delivery_id"]): d for d in deliveries}
    before = {_slot(d): landed.get((*_slot(d), d["delivery_id"])) for d in published}
    offenders, confirmed = [], []
    for delivery in deliveries:
        held = before.get(_slot(delivery))
        if delivery["status"] != "live" or delivery["provider"] == "usage" or held is None:
            continue
        if held["rows"] < FEW_LINES or not 0 < 2 * delivery["rows"] < held["rows"]:
            confirmed.append(Subject(_subject(delivery), f"{delivery['rows']:,} lines", f"{held['rows']:,} published"))
            continue
        totals = {(t["billing_currency"], t["cost_basis"]): t["raw_cost"] for t in delivery["totals"] or ()}
        for total in held["totals"] or ():
            currency, basis, cost = total["billing_currency"], total["cost_basis"], total["raw_cost"]
            left = totals.get((currency, basis), Decimal(0))
            key = (delivery["source_name"], delivery["billing_period"] or "", currency)
            accepted, reason = invoices.accepted(*key, today)
            told = (
                f"{_subject(delivery)} {currency} {basis}",
                f"{delivery['rows']:,} lines, {exact(left)}",
                f"at least half of the published {held['rows']:,} lines, {exact(cost)}",
            )
            if not 2 * left < cost:
                confirmed.append(Subject(*told))
            elif reason and cost - left <= accepted:
                confirmed.append(Subject(*told[:2], f"{told[2]}; {exact(accepted)} less by its waiver ({reason})"))
            else:
                offenders.append(Offender(*told))
    return CheckOutcome(
        observed=counted(
            len(offenders), "total of a month that came again has", "totals of months that came again have"
        )
        + " lost more than half",
        expected="a month that came again has at least half the lines or half the money that is published of it",
        next_step="Look in the provider's console whether the export is whole, and wait for its next delivery. If the"
        " bill is that small: waive it in invoices.yaml (source, period, currency, reason, up_to, until).",
        offenders=offenders,
        confirmed=confirmed,
    )


def every_configured_source_has_delivered(
    deliveries: Sequence[Delivery], sources: Sequence[tuple[str, str]], now: datetime
) -> CheckOutcome:
    """Every configured source has a live delivery; a cloud also has one for the open month from its fourth day on.

    When a vendor's next bill is due, only its rhythm tells (`every_source_is_fresh`): many bill after the month.

    Args:
        deliveries: the ledger.
        sources: (name, provider) of every billing export and every feed, the provider of a feed being `usage`.
        now: the run's clock; its month is the open month.
    """
    expected_month = (now - FIRST_DELIVERY_OF_A_MONTH_TAKES).strftime("%Y-%m")
    live = [delivery for delivery in deliveries if delivery["status"] == "live"]
    offenders, confirmed = [], []
    for name, provider in sources:
        periods = [d["billing_period"] or "" for d in live if d["source_name"] == name]
        if not periods:
            offenders.append(Offender(name, "nothing delivered yet", "at least one complete delivery"))
        elif provider not in ("usage", "other") and max(periods) < expected_month:
            offenders.append(Offender(name, f"newest period is {max(periods)}", f"a delivery for {expected_month}"))
        else:
            confirmed.append(
                Subject(name, f"newest period is {max(periods)}" if max(periods) else "delivered", "delivered")
            )
    return CheckOutcome(
        observed=some_of(len(offenders), len(sources), "configured source", "has not", "have not") + " delivered",
        expected="every source has a complete delivery, clouds also for the open month from its fourth day on",
        next_step="See `finops validate`, then the export's own log at the cloud.",
        offenders=offenders,
        confirmed=confirmed,
    )


def every_account_has_rows_every_day(
    warehouse: duckdb.DuckDBPyConnection, acknowledged: Collection[str] = ()
) -> CheckOutcome:
    """An account that was billed on each of the seven days before a day, and again after it, is billed on that day.

    An export that was switched off and on again leaves a hole that no later delivery fills; Google says so of its own.

    Args:
        warehouse: has `int_charges_by_day`; and `fct_anomalies`, of this run or the one before, if there was one.
        acknowledged: ids of anomalies that somebody has explained; a hole that is one of them is told no more.
    """
    explained, gaps = _explained_days(warehouse, acknowledged), []
    for source, account, day in warehouse.execute(_GAPS).fetchall():
        # the anomaly is that of the first day: the others of the hole go with it
        if {(source, account, day), (source, account, day - timedelta(days=1))} & explained:
            explained.add((source, account, day))
        else:
            gaps.append((source, account, day))
    return CheckOutcome(
        observed=f"{counted(len(gaps), 'account-day')} without a row between days that have some",
        expected="no account that is billed every day is missing on one",
        next_step="Ask whether the export or the account was off on that day; no cloud delivers such a day later on.",
        offenders=[
            Offender(f"{source} {account} {day:%Y-%m-%d}", "no usage row", "at least 1, as on the 7 days before")
            for source, account, day in gaps
        ],
    )


def _explained_days(warehouse: duckdb.DuckDBPyConnection, acknowledged: Collection[str]) -> set[tuple[str, str, date]]:
    """Source, account and day of the missing days that somebody has explained, of all accounts that share one."""
    try:
        rows = warehouse.execute(_MISSING, [list(acknowledged)]).fetchall()
    except duckdb.CatalogException:
        return set()
    return {
        (source, account, day)
        for source, entity, day, also in rows
        for account in (entity, *(name.removeprefix("account ") for name in also if name.startswith("account ")))
    }


_MISSING = """
    select source_name, entity, charge_date, cast(drivers->'also_seen_in' as varchar[])
    from fct_anomalies
    where scope = 'account' and kind = 'missing' and anomaly_id in (select unnest(cast(? as varchar[])))"""

_GAPS = """
    with account_days as (
        select distinct source_name, account, charge_date as day
        from int_charges_by_day
        where is_usage and account is not null
    ),
    next_days as (
        select *,
            lead(day) over account_by_day as next_day,
            lag(day, 6) over account_by_day as seventh_day_before
        from account_days
        window account_by_day as (partition by source_name, account order by day)
    )
    select source_name, account, cast(unnest(generate_series(day + 1, next_day - 1, interval 1 day)) as date) as gap
    from next_days
    where next_day > day + 1 and seventh_day_before = day - 6
    order by all"""


def _slot(delivery: Delivery) -> tuple[Any, ...]:
    """What a delivery replaces as a whole."""
    return tuple(delivery[name] for name in ("table_name", "source_name", "variant", "billing_period"))


def _subject(delivery: Delivery) -> str:
    parts = [delivery["source_name"], delivery["billing_period"] or "", delivery["variant"] or ""]
    return " ".join(part for part in parts if part)
