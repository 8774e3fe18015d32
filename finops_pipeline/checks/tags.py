"""Do charges carry the tags that `tag_policy.yaml` asks for? Questions to `fct_tag_coverage`; they warn."""

from collections import defaultdict

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, counted, some_of

_NEWEST_MONTH = "substr(cast(max(charge_date) over () - 1 as varchar), 1, 7)"
"""That of the day before the newest: a window over a month's end reaches into a day that nobody has delivered yet."""

WORST_SHOWN = 3
"""Accounts and values named for each key: enough to start with."""


def required_tags_cover_their_floor(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """In the last 28 days each required key covers the share of taggable cost that the policy asks for, per provider.

    Args:
        warehouse: has `fct_tag_coverage` and `int_tagged_costs`.
    """
    rows = warehouse.execute(
        """
        with recent as (
            select * from fct_tag_coverage
            qualify charge_date > max(charge_date) over () - 28
        )
        select tag_key, provider_name, billing_currency, any_value(owner) as owner, any_value(floor_percent) as floor,
            sum(taggable_cost) - sum(covered_cost) as missing,
            if(count(*) over (partition by tag_key, provider_name) > 1, ' in ' || billing_currency, '') as in_currency,
            cast(sum(covered_cost) as double) / cast(sum(taggable_cost) as double) * 100 as percent
        from recent
        where floor_percent is not null
        group by tag_key, provider_name, billing_currency
        having sum(taggable_cost) > 0
        order by missing desc, tag_key, provider_name
        """
    ).fetchall()
    worst = _worst_without(warehouse)
    return CheckOutcome(
        observed="coverage of the last 28 days: "
        + (
            ", ".join(
                f"{key} {percent:.1f} % of {provider}{in_currency}" for key, provider, *_, in_currency, percent in rows
            )
            or "no floor is set"
        ),
        expected="each required key covers its floor of every provider's taggable cost",
        next_step="Tag the named resources, or name their spelling of the key in allocation.yaml's owner_tags.",
        offenders=[
            Offender(
                f"{key} {provider}{in_currency}",
                f"{percent:.1f} %; {missing:,.2f} {currency} without it, most of it "
                + ", ".join(worst[key, provider, currency]),
                f"at least {floor} %" + (f"; {owner} answers" if owner else ""),
                owner=owner,
                amount=missing,
                currency=currency,
            )
            for key, provider, currency, owner, floor, missing, in_currency, percent in rows
            if percent < floor
        ],
    )


def tag_values_stay_within_their_limits(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """In the newest month no key has more values than the policy allows: free text must not reach a cost report.

    Args:
        warehouse: has `fct_tag_coverage` and `int_tagged_costs`.
    """
    rows = warehouse.execute(
        f"""
        with newest as (
            select * from fct_tag_coverage
            qualify substr(cast(charge_date as varchar), 1, 7) = {_NEWEST_MONTH}
        )
        select tag_key, max(owner) as owner, max(distinct_values_in_month) as values, max(max_values) as max_values,
            bool_or(is_over_cardinality_limit) as is_over
        from newest
        where max_values is not null
        group by tag_key
        order by is_over desc, values desc, tag_key
        """
    ).fetchall()
    offenders = [
        Offender(
            key,
            f"{counted(values, 'value')} this month, the dearest " + ", ".join(_dearest_values(warehouse, key)),
            f"at most {limit}" + (f"; {owner} answers" if owner else ""),
            owner=owner,
        )
        for key, owner, values, limit, is_over in rows
        if is_over
    ]
    return CheckOutcome(
        observed=some_of(len(offenders), len(rows), "limited key", "has", "have") + " too many values",
        expected="no key has more values in a month than tag_policy.yaml allows",
        next_step="Write experiment names into another tag, or raise max_values if all of these are real.",
        offenders=offenders,
    )


def _worst_without(warehouse: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], list[str]]:
    """The accounts and services with the most money without a key, of the last 28 days."""
    rows = warehouse.execute(
        """
        with recent as (
            select * from int_tagged_costs
            qualify charge_date > max(charge_date) over () - 28
        )
        select tag_key, provider_name, billing_currency, account, service_name, sum(effective_cost) as cost
        from recent
        where is_taggable and tag_value is null
        group by all
        order by cost desc, account, service_name
        """
    ).fetchall()
    worst = defaultdict(list)
    for key, provider, currency, account, service, cost in rows:
        if len(worst[key, provider, currency]) < WORST_SHOWN:
            worst[key, provider, currency].append(f"{service} in {account} ({cost:,.2f})")
    return worst


def _dearest_values(warehouse: duckdb.DuckDBPyConnection, key: str) -> list[str]:
    rows = warehouse.execute(
        f"""
        with newest as (
            select * from int_tagged_costs
            qualify substr(cast(charge_date as varchar), 1, 7) = {_NEWEST_MONTH}
        )
        select tag_value, billing_currency, sum(effective_cost) as cost
        from newest
        where tag_key = ? and tag_value is not null
        group by all
        order by cost desc, tag_value
        limit {WORST_SHOWN}
        """,
        [key],
    ).fetchall()
    return [f"{value[:60]} ({cost:,.2f} {currency})" for value, currency, cost in rows]
