"""The truth behind the sample company: who owns every cent, what went wrong on purpose, what was restated.

Everything here comes from the plan: who held which share of a machine, a bucket or a model, and what each line was
planned to cost. It never reads an export and shares no code with the pipeline, so it can judge both.
"""

from pathlib import Path

import duckdb

from finops_pipeline.sample import aws_delivery, azure_delivery
from finops_pipeline.sample.company import AWS_SOURCE, AZURE_SOURCE, GCP_SOURCE
from finops_pipeline.sample.files import quoted
from finops_pipeline.sample.plan import FASTER_PERCENT, create_table

_ANOMALIES = (
    ("storage_spike", "storage_growth", "bucket", "acme-media", "A job wrote every thumbnail twice: the bucket doubled "
     "overnight and stayed so"),
    ("price_change", "price", "node_pool", "aks-a100-27182818-vmss", "The hourly price of NC24ads A100 v4 rose from "
     "3.673 to 4.114"),
    ("runaway_training", "usage_spike", "workload", "rl-sweep", "A sweep without a limit scaled three more 8-GPU "
     "machines out"),
    ("forgotten_notebook", "waste", "resource", "notebook-instance/summit-demo", "A notebook for a demo was never "
     "stopped"),
    ("lost_tags", "lost_tags", "team", "research", "A deployment recreated an inference profile without its tags: the "
     "cost is the same, its owner is gone"),
    ("agent_loop", "usage_spike", "team", "research", "An agent called itself for a day: 24 times the usual tokens"),
)  # fmt: skip


def write_truth(connection: duckdb.DuckDBPyConnection, folder: Path, months: tuple[str, ...], restated: bool) -> None:
    """Write allocations, inference unit costs, anomalies, restatements, totals and unit cost changes into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _create_charges(connection, months, restated)
    _create_allocations(connection)
    _create_tables(connection)
    _create_restatements(connection, months, restated)
    for name in ("allocations", "inference_unit_costs"):
        path = quoted(folder / f"{name}.parquet")
        connection.execute(
            f"copy (select * from truth_{name} order by all) to {path} (format parquet, compression zstd)"
        )
    _create_unit_cost_changes(connection)
    for name in ("anomalies", "restatements", "totals", "unit_cost_changes"):
        path = quoted(folder / f"{name}.csv")
        connection.execute(f"copy (select * from truth_{name} order by all) to {path} (format csv, header true)")


def _create_charges(connection: duckdb.DuckDBPyConnection, months: tuple[str, ...], restated: bool) -> None:
    """`charges`: what the live deliveries charge, each with its route to an owner, in both cost bases."""
    draft = "false" if restated else f"period = '{months[0]}'"
    aws_delivery.create_delivered_lines(connection, "aws_live", "true", draft)
    azure_delivery.create_delivered_lines(connection, "azure_live", "true", draft)
    owner = "route, pool_key, team, project, environment, reason, model as model_name"
    connection.execute(f"""
        create or replace view charges as
        select '{AWS_SOURCE}' as source_name, period, usage_start::date as charge_date, category, {owner}, billed,
            effective
        from aws_live where route not in ('negation', 'plan fee')
        union all by name
        -- a savings plan's fee is bought (billed) and, as far as nobody used it, wasted (effective)
        select '{AWS_SOURCE}' as source_name, period, usage_start::date as charge_date, category, 'none' as route,
            reason, billed, 0 as effective
        from aws_live where route = 'plan fee'
        union all by name
        select '{AWS_SOURCE}' as source_name, period, usage_start::date as charge_date, 'Usage' as category,
            'unused' as route, 0 as billed, effective
        from aws_live where route = 'plan fee'
        union all by name
        select '{GCP_SOURCE}' as source_name, period, usage_start::date as charge_date, category, route, pool_key, team,
            workload_project as project, environment, reason, model as model_name, cost + sustained_use as billed,
            cost + sustained_use as effective
        from gcp_lines
        union all by name
        select '{GCP_SOURCE}' as source_name, period, usage_start::date as charge_date, 'Credit' as category,
            'none' as route, 'credit' as reason, model as model_name, promotion as billed, promotion as effective
        from gcp_lines where promotion <> 0
        union all by name
        select '{AZURE_SOURCE}' as source_name, period, day as charge_date, category, {owner},
            coalesce(actual_cost, 0) as billed, coalesce(amortized_cost, 0) as effective
        from azure_live
    """)


def _create_allocations(connection: duckdb.DuckDBPyConnection) -> None:
    consumer = "team, project, environment, model_name, model_version, workload, workload_type, dataset"
    connection.execute(f"""
        create or replace view consumers as
        select pool_key, day, team, project, environment, model_name, model_version, workload, workload_type,
            null::varchar as dataset, shares_of_256
        from pool_shares
        union all by name
        select pool_key, day, team, project, environment, dataset, shares_of_256 from byte_shares
        union all by name
        select pool_key, day, team, project, environment, dataset, shares_of_256 from access_shares;

        create or replace table truth_allocations as
        with pools as (
            select source_name, period, charge_date, category, pool_key, any_value(route) as route,
                sum(billed)::decimal(18, 10) as billed, sum(effective)::decimal(18, 10) as effective
            from charges where pool_key is not null group by all
        ), held as (
            select pool_key, day, sum(shares_of_256)::integer as shares_of_256 from consumers group by all
        ), parts as (
            select pools.* exclude (route, pool_key), {consumer}, false as is_idle, null as idle_type,
                false as is_unallocated, null as reason, shares_of_256
            from pools inner join consumers
                on consumers.pool_key = pools.pool_key and consumers.day = pools.charge_date
            union all by name
            -- what nobody held of a machine is idle; bytes that no dataset explains are unallocated
            select pools.* exclude (route, pool_key), route = 'gpu' as is_idle,
                case when route = 'gpu' then 'unallocated_capacity' end as idle_type,
                route = 'shares' as is_unallocated,
                case when route = 'shares' then 'bytes not in the feed' end as reason,
                256 - coalesce(held.shares_of_256, 0) as shares_of_256
            from pools left join held on held.pool_key = pools.pool_key and held.day = pools.charge_date
            where coalesce(held.shares_of_256, 0) < 256
            union all by name
            select source_name, period, charge_date, category, billed, effective, team, project, environment,
                model_name,
                route = 'unused' as is_idle, case when route = 'unused' then 'unused_commitment' end as idle_type,
                route = 'none' as is_unallocated, reason, 256 as shares_of_256
            from charges where pool_key is null
        )
        select
            charge_date, source_name, period as billing_period, 'USD' as billing_currency, category as charge_category,
            {consumer}, is_idle, idle_type, is_unallocated, reason as unallocated_reason_kind,
            -- 10 decimals of cost and 8 of the share: 18, so nothing is rounded
            sum(billed * (shares_of_256 * 0.00390625)::decimal(9, 8))::decimal(38, 18) as billed_cost,
            sum(effective * (shares_of_256 * 0.00390625)::decimal(9, 8))::decimal(38, 18) as effective_cost
        from parts
        group by all
        having billed_cost <> 0 or effective_cost <> 0
    """)


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, "anomaly_causes", ("anomaly", "kind", "scope", "entity", "cause"), _ANOMALIES)
    connection.execute(f"""
        create or replace view truth_inference_unit_costs as
        with asked as (
            select usage_start[:10]::date as charge_date, model_name, model_version, environment, team,
                sum(requests)::bigint as inferences, sum(failed_requests)::bigint as failed_inferences,
                sum(cached_requests)::bigint as cached_inferences
            from feed_inference group by all
        ), spent as (
            select charge_date, model_name, model_version, environment, team, billing_currency,
                sum(effective_cost)::decimal(38, 18) as effective_cost
            from truth_allocations where workload_type = 'serving' group by all
        )
        select charge_date, model_name, model_version, environment, team, billing_currency, effective_cost, inferences,
            failed_inferences, cached_inferences
        from spent inner join asked using (charge_date, model_name, model_version, environment, team);

        create or replace view truth_anomalies as
        with planted as (
            select '{AWS_SOURCE}' as source_name, usage_start::date as charge_date, anomaly, anomaly_amount
            from aws_live where anomaly is not null
            union all
            select '{GCP_SOURCE}', usage_start::date, anomaly, anomaly_amount from gcp_lines where anomaly is not null
            union all
            select '{AZURE_SOURCE}', day, anomaly, anomaly_amount from azure_live where anomaly is not null
        )
        select planted.anomaly, charge_date, source_name, kind, scope, entity, 'USD' as billing_currency,
            sum(anomaly_amount)::decimal(38, 18) as amount, cause
        from planted inner join anomaly_causes on anomaly_causes.anomaly = planted.anomaly
        group by all;

        create or replace view truth_totals as
        with lines as (
            select '{AWS_SOURCE}' as source_name, period, 'billed' as cost_basis, billed as cost from aws_live
            union all select '{AWS_SOURCE}', period, 'effective', effective from aws_live
            union all select '{GCP_SOURCE}', period, 'billed', cost + sustained_use + promotion from gcp_lines
            union all select '{GCP_SOURCE}', period, 'effective', cost + sustained_use + promotion from gcp_lines
            union all select '{AZURE_SOURCE}', period, 'billed', actual_cost from azure_live
            where actual_cost is not null
            union all select '{AZURE_SOURCE}', period, 'effective', amortized_cost from azure_live
            where amortized_cost is not null
        )
        select source_name, period as billing_period, 'USD' as billing_currency, cost_basis,
            sum(cost)::decimal(38, 18) as total, count(*) as rows
        from lines group by all
    """)


def _create_unit_cost_changes(connection: duckdb.DuckDBPyConnection) -> None:
    """What each planted change adds to a model's fully loaded cost of 1,000 inferences in the last month.

    Each is the difference to the month as it would have been without that one change, from shares, requests and pool
    costs of the plan, for models that only one change touches: where two meet, who caused what is a matter of
    definition. With one month there is nothing to compare.
    """
    connection.execute(f"""
        create or replace table truth_unit_cost_changes as
        with pool_costs as (
            select pool_key, charge_date as day, sum(effective)::double as cost from charges
            where route = 'gpu' and category = 'Usage' group by all
        ), held as (
            select machine_shares.*, gpu_hours * shares as weight, gpu_hours * (shares - moved_shares) as unmoved
            from machine_shares
        ), pools_held as (
            select pool_key, day, sum(weight) as weight, sum(unmoved) as unmoved from held group by all
        ), served as (
            -- loaded: with the idle capacity of the pool; steady: as if nobody had given machines up or taken more
            select
                held.period, model_name, model_version, held.workload, held.cluster, held.day,
                sum(cost * held.weight / pools_held.weight) as loaded,
                sum(cost * held.weight / pools_held.unmoved) as steady,
                sum(held.unmoved) / sum(held.weight) as requests_unmoved
            from held
            inner join pool_costs on pool_costs.pool_key = held.pool_key and pool_costs.day = held.day
            inner join pools_held on pools_held.pool_key = held.pool_key and pools_held.day = held.day
            where workload_type = 'serving' and is_changed
            group by all
        ), asked as (
            select usage_start[:10]::date as day, model_name, model_version, workload,
                regexp_extract(endpoint, '//[^.]+[.]([^.]+)[.]', 1) as cluster, sum(requests)::double as requests
            from feed_inference group by all
        ), months as (
            select period, served.model_name, served.model_version, sum(loaded) as loaded, sum(steady) as steady,
                sum(requests) as requests, sum(requests * requests_unmoved) as requests_unmoved
            from served
            inner join asked on asked.day = served.day and asked.workload = served.workload
                and asked.cluster = served.cluster
            group by all
        ), models as (
            select *, sum(requests) over model as model_requests, sum(requests_unmoved) over model as model_unmoved
            from months window model as (partition by period, model_name)
        ), dearer as (
            -- the price change of a pool falls on who held it, as the pool's cost does
            select model_name, held.period,
                sum(anomaly_amount::double * held.weight / pools_held.weight) as amount
            from (
                select day, sum(anomaly_amount) as anomaly_amount from azure_live
                where anomaly = 'price_change' group by all
            ) planted
            inner join held on held.day = planted.day and held.pool = 'azure-serve' and held.cell = 0
            inner join pools_held on pools_held.pool_key = held.pool_key and pools_held.day = held.day
            where is_changed
            group by all
        ), effects as (
            select model_name, period, 'price' as cause,
                any_value(amount) * 1000 / any_value(model_requests) as effect
            from dearer inner join models using (model_name, period)
            where model_name = 'aurora-8b-chat' group by all
            union all by name
            select model_name, period, 'idle' as cause,
                sum(loaded - steady) * 1000 / any_value(model_requests) as effect
            from models where model_name in ('spam-mini', 'ocr-lite') group by all
            union all by name
            select model_name, period, 'efficiency' as cause,
                sum(loaded) * 1000 / any_value(model_requests) * (1 - {FASTER_PERCENT} * 0.01) as effect
            from models where model_name = 'embedder-large' group by all
            union all by name
            select model_name, period, 'mix' as cause,
                sum((requests / model_requests - requests_unmoved / model_unmoved) * loaded * 1000 / requests) as effect
            from models where model_name = 'vit-tagger' group by all
        )
        select
            model_name, strftime((period || '-01')::date - interval 1 month, '%Y-%m') as from_period,
            period as to_period, cause, 'USD' as billing_currency, effect::decimal(18, 9) as effect
        from effects
    """)


def _create_restatements(connection: duckdb.DuckDBPyConnection, months: tuple[str, ...], restated: bool) -> None:
    """Every delivery of AWS and Azure in the order of its arrival, with what it sums to."""
    selects: list[str] = []
    for delivery in aws_delivery.deliveries(months, restated):
        view = _draft_view(connection, "aws", delivery.is_first_draft)
        selects += [
            f"select '{AWS_SOURCE}', '{delivery.period}', {delivery.number}, '{delivery.execution_id}', '{basis}', "
            f"{delivery.is_live}, sum({basis}), count(*) from {view} where period = '{delivery.period}'"
            for basis in ("billed", "effective")
        ]
    for run in azure_delivery.runs(months, restated):
        view = _draft_view(connection, "azure", run.is_first_draft)
        selects += [
            f"select '{AZURE_SOURCE}', '{run.period}', {run.number}, '{azure_delivery.run_id(run, export)}', "
            f"'{basis}', {run.is_live}, sum({export}_cost), count({export}_cost) from {view} "
            f"where period = '{run.period}'"
            for export, basis in (("actual", "billed"), ("amortized", "effective"))
        ]
    connection.execute(f"""
        create or replace table truth_restatements (
            source_name varchar, billing_period varchar, delivery_number integer, identity varchar, cost_basis varchar,
            is_live boolean, total decimal(38, 18), rows bigint
        );
        insert into truth_restatements {" union all ".join(selects)}
    """)


def _draft_view(connection: duckdb.DuckDBPyConnection, cloud: str, is_draft: bool) -> str:
    name = f"{cloud}_{'draft' if is_draft else 'final'}"
    create = aws_delivery.create_delivered_lines if cloud == "aws" else azure_delivery.create_delivered_lines
    create(connection, name, "true", "true" if is_draft else "false")
    return name
