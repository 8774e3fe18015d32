"""Is anything billed by two sources? Money that counts twice reconciles perfectly, so no other check can see it."""

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, counted


def no_account_is_billed_by_two_sources(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """No account, project or subscription has cost of several sources on more than one day.

    A subscription exported by itself and within its billing account, or one bill in two formats, counts twice. One
    day alone is an account that moved from one payer to another.
    """
    rows = warehouse.execute(
        """
        with days as (
            select provider_name, charge_date, billing_currency,
                -- FOCUS exports write Azure's subscriptions as paths, cost details as ids
                lower(split_part(sub_account_id, '/', -1)) as account,
                string_agg(distinct source_name, ' and ' order by source_name) as sources,
                count(distinct source_name) as source_count,
                sum(allocated_effective_cost) as day_cost
            from fct_cost_allocations
            where nullif(sub_account_id, '') is not null
            group by all
        )
        select provider_name, account, sources, billing_currency, count(*) as day_count, min(charge_date) as first_day,
            max(charge_date) as last_day, sum(day_cost) as total_cost
        from days
        where source_count > 1
        group by all
        having count(*) > 1
        order by abs(total_cost) desc, provider_name, account, sources
        """
    ).fetchall()
    return CheckOutcome(
        observed=f"{counted(len(rows), 'account is', 'accounts are')} billed by several sources",
        expected="every account is billed by one source",
        next_step="Leave a source out: a subscription within its billing account, or one bill in two formats.",
        offenders=[
            Offender(
                f"{provider} {account}",
                f"billed by {sources} on {counted(days, 'day')} ({first} to {last}), {cost:,.2f} {currency} together",
                "one source",
            )
            for provider, account, sources, currency, days, first, last, cost in rows
        ],
    )
