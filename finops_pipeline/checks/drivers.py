"""Do the cost drivers fit the bill? Surprises for a person: money is never lost, it stays visible instead."""

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, Subject, counted, exact

UNCLASSIFIED_SHARE_ALLOWED = 0.02
"""Share of a source's usage cost that no meter rule knows, from which someone should look: 2 % (November 2026), about
what a new service costs in its first weeks; above it "other" starts to hide an AI service."""


def gpu_hours_fit_capacity(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """Telemetry never holds more GPU-hours than the bill paid for, and names no machine the bill does not know."""
    rows = warehouse.execute(
        """
        -- windows are days and months; the days are enough, and both together would count twice
        select cluster, place, reason, count(distinct driver_window) as days, min(driver_window) as first_day,
            sum(held_gpu_hours) as held, sum(capacity_gpu_hours) as capacity
        from int_gpu_hours_without_capacity
        where length(driver_window) = length('2026-10-31')
        group by all
        order by held - capacity desc, cluster, place, reason
        """
    ).fetchall()
    return CheckOutcome(
        observed=f"{counted(len(rows), 'place holds', 'places hold')} GPU-hours that the bill cannot explain",
        expected="held GPU-hours are at most the GPU-hours paid for",
        next_step="Compare node and node pool names of the feed with the bill's resource ids; surplus is not charged.",
        offenders=[
            Offender(
                place or cluster,
                f"{held:,.2f} GPU-hours held, {reason} ({counted(days, 'day')} from {first})",
                f"at most {capacity:,.2f}",
            )
            for cluster, place, reason, days, first, held, capacity in rows
        ],
    )


def pools_have_their_driver(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """Every shared pool found telemetry to be split by; without it its cost is nobody's, or its rule's owner's."""
    rows = warehouse.execute(
        """
        select source_name, coalesce(cluster, bucket, rule, pool_id) as pool, driver, billing_currency,
            count(distinct charge_date) as days, min(charge_date) as first_day, max(charge_date) as last_day,
            sum(allocated_effective_cost) as cost,
            -- a rule may name who pays while the driver is missing
            sum(case when is_unallocated then 0 else allocated_effective_cost end) as cost_paid
        from fct_cost_allocations
        where method = 'missing_driver'
        group by all
        order by abs(cost) desc, source_name, pool
        """
    ).fetchall()
    return CheckOutcome(
        observed=f"{counted(len(rows), 'pool has', 'pools have')} cost and no driver",
        expected="every shared pool has its driver",
        next_step="Deliver the missing feed for these days, or name the pool's owner by a tag.",
        offenders=[
            Offender(
                f"{source} {pool}",
                f"no {driver} on {counted(days, 'day')} ({first} to {last}), {cost:,.2f} {currency}"
                + (f", of which the rule's owner pays {paid:,.2f}" if paid else " unallocated"),
                f"{driver} for every day with cost",
            )
            for source, pool, driver, currency, days, first, last, cost, paid in rows
        ],
    )


def shared_services_have_an_exit(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """The cost of every shared service can leave to somebody; services that only use one another keep it for ever."""
    rows = warehouse.execute(
        """
        select closed_loop, count(distinct driver_window), min(driver_window)
        from int_service_exits
        -- days and months tell the same
        where closed_loop is not null and length(driver_window) = length('2026-10')
        group by closed_loop
        order by closed_loop
        """
    ).fetchall()
    return CheckOutcome(
        observed=f"{counted(len(rows), 'closed loop')} of shared services",
        expected="every shared service is used, in the end, by somebody who is no service",
        next_step="Deliver the services' other users in the feed, or take one of them out of allocation.yaml.",
        offenders=[
            Offender(loop, f"no user outside in {months} months from {first}", "at least one user outside")
            for loop, months, first in rows
        ],
    )


def windows_are_no_finer_than_charges(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """A rule by the hour finds charges of at most an hour: a day's charge has no hour whose driver it could follow."""
    rows = warehouse.execute(
        """
        select pools.rule, pools.source_name, pools.billing_currency, sum(pools.charges) as charges,
            sum(pools.effective_cost) as cost, min(pools.charge_date) as first_day
        from int_pools as pools
        inner join stg_allocation_rules as rules on pools.rule = rules.rule
        -- credits, taxes and fees are no matter of an hour and take their month
        where rules.driver_window = 'hour' and pools.charge_category = 'Usage'
            and length(pools.driver_window) = length('2026-10-31')
        group by all
        order by abs(cost) desc, pools.rule, pools.source_name
        """
    ).fetchall()
    return CheckOutcome(
        observed=f"{counted(len(rows), 'rule')} by the hour took charges that are longer",
        expected="usage charges of a rule with window: hour last at most an hour",
        next_step="Set window: day in allocation.yaml, or export the bill by the hour; the cost followed its days.",
        offenders=[
            Offender(
                f"{rule} {source}",
                f"{counted(charges, 'charge')} longer than an hour from {first}, {cost:,.2f} {currency}",
                "charges of at most an hour",
            )
            for rule, source, currency, charges, cost, first in rows
        ],
    )


def usage_cost_is_classified(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """At most 2 % of a source's usage cost comes from meters nobody has classified: AI may hide in there."""
    rows = warehouse.execute(
        """
        with services as (
            select source_name, billing_currency, coalesce(service_name, 'no service') as service,
                cost_layer = 'other' as is_unclassified, sum(allocated_effective_cost) as cost
            from fct_cost_allocations
            where charge_category = 'Usage'
            group by all
        ),
        sources as (
            select source_name, billing_currency, sum(cost) as cost,
                coalesce(sum(cost) filter (is_unclassified), 0) as unclassified,
                string_agg(service, ', ' order by cost desc) filter (is_unclassified) as services
            from services
            group by all
        )
        select *, cast(unclassified as double) / nullif(cast(cost as double), 0) as share
        from sources
        order by share desc nulls last, source_name
        """
    ).fetchall()
    return CheckOutcome(
        observed="unclassified usage cost: "
        + (", ".join(f"{share or 0:.1%} of {source}" for source, _, _, _, _, share in rows) or "no usage cost"),
        expected=f"at most {UNCLASSIFIED_SHARE_ALLOWED:.0%} of each source",
        next_step="Add the services' meters to the classification seeds of the dbt project.",
        offenders=[
            Offender(
                f"{source} {currency}",
                f"{share:.1%} of {exact(cost)} unclassified: {services}",
                f"at most {UNCLASSIFIED_SHARE_ALLOWED:.0%}",
            )
            for source, currency, cost, _, services, share in rows
            if (share or 0) > UNCLASSIFIED_SHARE_ALLOWED
        ],
        confirmed=[
            Subject(
                f"{source} {currency}", f"{share or 0:.1%} unclassified", f"at most {UNCLASSIFIED_SHARE_ALLOWED:.0%}"
            )
            for source, currency, _, _, _, share in rows
            if (share or 0) <= UNCLASSIFIED_SHARE_ALLOWED
        ],
    )
