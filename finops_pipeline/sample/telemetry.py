"""The sample company's usage feeds: GPU-hours, bytes, accesses, inference, tokens, runs and business metrics.

Written in the columns the pipeline documents for plain usage files. Daily files are CSV, monthly ones Parquet. The
numbers are the plan's (`plan.py`); nothing is read from the bills.
"""

from pathlib import Path

import duckdb

from finops_pipeline.sample.company import NAMED_BY_PREFIX
from finops_pipeline.sample.files import count, quoted
from finops_pipeline.sample.plan import FASTER_PERCENT, FASTER_WORKLOAD

FEEDS = ("gpu_hours", "storage_bytes", "storage_access", "inference", "tokens", "training_runs", "business_metric")
"""The usage kinds that are written, one folder each; see `file_pattern`."""

_DAILY_CSV = ("gpu_hours", "inference")
_OTHER_CSV = ("training_runs", "business_metric")


def file_pattern(kind: str) -> str:
    """The files of a feed, relative to the sample's folder."""
    return f"usage/{kind}/*.{'csv' if kind in (*_DAILY_CSV, *_OTHER_CSV) else 'parquet'}"


def build_telemetry(connection: duckdb.DuckDBPyConnection) -> None:
    """Create one view or table `feed_<kind>` a feed, with a column `file_key` that names its file."""
    _create_gpu_hours(connection)
    _create_storage(connection)
    _create_inference(connection)
    _create_training_runs(connection)
    _create_business_metrics(connection)


def write_telemetry(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, tuple[int, int]]:
    """Write every feed below `folder`; returns rows and files a feed."""
    written: dict[str, tuple[int, int]] = {}
    for kind in FEEDS:
        target = folder / kind
        target.mkdir(parents=True, exist_ok=True)
        keys = connection.execute(f"select distinct file_key from feed_{kind} order by 1").fetchall()
        form = file_pattern(kind).rsplit(".", 1)[1]
        options = "format csv, header true" if form == "csv" else "format parquet, compression zstd"
        for (key,) in keys:
            connection.execute(f"""
                copy (select * exclude (file_key) from feed_{kind} where file_key = '{key}' order by all)
                to {quoted(target / f"{key}.{form}")} ({options})
            """)
        written[kind] = (count(connection, f"feed_{kind}"), len(keys))
    return written


def _create_gpu_hours(connection: duckdb.DuckDBPyConnection) -> None:
    # AWS and Google know the machine; Azure's bill knows the scale set only, so its agents report that; the lab
    # cluster reports neither, only what kind of GPU and how it was bought.
    connection.execute("""
        create or replace table feed_gpu_hours as
        select
            strftime(day, '%Y-%m-%d') as file_key,
            strftime(day, '%Y-%m-%dT%H:%M:%SZ') as usage_start,
            strftime(day + to_hours(run_hours::integer), '%Y-%m-%dT%H:%M:%SZ') as usage_end,
            cluster,
            case level when 'node' then instance end as node,
            case level when 'node_pool' then node_pool end as node_pool,
            case level when 'cluster' then gpu_model end as gpu_model,
            case level when 'cluster' then capacity_type end as capacity_type,
            team || '-' || workload_type as namespace,
            workload || '-' || hex_of('pod|' || node || workload || day, 8) as pod,
            workload,
            workload_type,
            team,
            project,
            environment,
            model_name,
            model_version,
            case workload_type when 'training' then
                'run-' || in_cell(workload, cell) || '-' || lpad((day_no // 5 + 1)::varchar, 3, '0')
            end as run_id,
            gpu_fraction,
            (gpu_hours * shares * 0.015625)::decimal(18, 6) as gpu_hours_requested,
            (gpu_hours_requested * (70 + noise('used|' || node || workload || day, 29)) * 0.01)::decimal(18, 6)
                as gpu_hours_used
        from machine_shares
    """)


def _create_storage(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"""
        create or replace view feed_storage_bytes as
        select
            period as file_key, day as usage_date, bucket, storage_class, dataset || '/' as prefix,
            case when (bucket, dataset) <> {NAMED_BY_PREFIX} then dataset end as dataset, team, project, environment,
            -- AWS and Azure bill binary gigabytes for the hours of the month, Google the bytes themselves
            case provider
                when 'gcp' then (shares * unit)::decimal(38, 5) * 1000000000 * 24
                else (shares * unit)::decimal(38, 5) * 1073741824 * month_hours
            end::decimal(38, 6) as byte_hours
        from byte_shares;
        create or replace view feed_storage_access as
        select
            period as file_key, day as usage_date, bucket, dataset || '/' as prefix,
            case when (bucket, dataset) <> {NAMED_BY_PREFIX} then dataset end as dataset, team, project, environment,
            case when dataset = 'clickstream' then 'ingest' end as operation,
            (shares * unit)::bigint as requests,
            (requests * (200000 + noise('read|' || bucket || dataset || day, 90000)))::bigint as bytes_read
        from access_shares;
        create or replace view feed_tokens as
        select
            strftime(day, '%Y-%m') as file_key,
            day::timestamp as usage_start,
            day::timestamp + interval 1 day as usage_end,
            model as model_name,
            team, project, environment,
            provider || '/' || model as endpoint,
            coalesce(sum(kilo_tokens) filter (direction in ('input', 'cached')), 0)::bigint * 1000 as input_tokens,
            coalesce(sum(kilo_tokens) filter (direction = 'cached'), 0)::bigint * 1000 as cached_input_tokens,
            coalesce(sum(kilo_tokens) filter (direction = 'output'), 0)::bigint * 1000 as output_tokens,
            (output_tokens // 350 + 1)::bigint as requests
        from token_use
        group by file_key, day, model, team, project, environment, provider
    """)


def _create_inference(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"""
        create or replace table feed_inference as
        with served as (
            select cluster, workload, team, project, environment, model_name, model_version, day,
                sum(gpu_hours * shares * 0.015625)::decimal(18, 6) as held_hours,
                any_value(
                    requests_per_gpu_hour
                    * case when workload = '{FASTER_WORKLOAD}' and is_changed then {FASTER_PERCENT} else 100 end // 100
                ) as rate
            from machine_shares where workload_type = 'serving' group by all
        )
        select
            strftime(day, '%Y-%m-%d') as file_key,
            strftime(day, '%Y-%m-%dT%H:%M:%SZ') as usage_start,
            strftime(day + interval 1 day, '%Y-%m-%dT%H:%M:%SZ') as usage_end,
            model_name, model_version, workload, 'serving' as workload_type, team, project, environment,
            'https://' || workload || '.' || cluster || '.acme.example' as endpoint,
            'real_time' as serving_mode,
            -- evenings and weekends ask less of the same machines
            (held_hours::decimal(18, 2) * rate * (case dayofweek(day) when 0 then 58 when 6 then 64 else 95 end
                + noise('asked|' || workload || cluster || day, 9)) // 100)::bigint as requests,
            (requests * noise('failed|' || workload || cluster || day, 30) // 10000)::bigint as failed_requests,
            (requests * (5 + noise('cached|' || workload || cluster || day, 12)) // 100)::bigint as cached_requests,
            (requests * noise('retried|' || workload || cluster || day, 20) // 10000)::bigint as retried_requests,
            -- what a request takes is the model's: about seven tenths of a held hour when demand is high
            (
                requests::decimal(18, 0) * (98 + noise('busy|' || workload || cluster || day, 5)) * 25 / rate
            )::decimal(18, 3) as gpu_seconds
        from served
    """)


def _create_training_runs(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("""
        create or replace table feed_training_runs as
        with trained as (
            select run_id, cluster, workload, team, project, environment, model_name, model_version,
                min(usage_start) as started_at, max(usage_end) as ended_at, sum(gpu_hours_requested) as gpu_hours
            from feed_gpu_hours where run_id is not null group by all
        )
        select
            'runs' as file_key, run_id, started_at, ended_at, workload, 'training' as workload_type, team, project,
            environment, model_name, model_version, workload as experiment,
            case when workload like '%sweep%' then 'sweep-' || workload end as sweep,
            case
                when noise('run|' || run_id, 9) = 0 then 'failed'
                when noise('run|' || run_id, 9) = 1 and workload like '%sweep%' then 'early_stopped'
                when noise('run|' || run_id, 9) = 2 and workload in ('rl-sweep', 'distill-aurora', 'ablation-sweep')
                    then 'preempted'
                else 'completed'
            end as status,
            case when status <> 'completed' then 1 else 2 + noise('epochs|' || run_id, 7) end as epochs,
            gpu_hours, cluster, 'eval_loss' as quality_metric,
            (1.2 + noise('loss|' || run_id, 900) * 0.001)::decimal(9, 3) as quality_value
        from trained
    """)


def _create_business_metrics(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("""
        create or replace view feed_business_metric as
        select
            period as file_key, day as usage_date, metric, entity,
            (units * (case dayofweek(day) when 0 then 55 when 6 then 62 else 96 end
                + noise('sold|' || metric || entity || day, 9)) // 100)::bigint as quantity,
            (quantity * price::decimal(9, 4))::decimal(18, 4) as revenue,
            case when price is not null then 'USD' end as currency
        from entities cross join days
    """)
