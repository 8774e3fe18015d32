"""A warehouse as the ledger finds it: a month of hourly charges that already have an owner, and its usage feeds.

What the bill is made of stands in `ledger_meters`. A machine of eight GPUs is held by four workloads: one for a week,
one for a day, one for four hours and one all month; telemetry comes by the hour, from Azure by the day.

Usage: python -m benchmarks.ledger_month write SCHEMAS WAREHOUSE LINES
       python -m benchmarks.ledger_month copy WAREHOUSE OUT          (the floor: all columns to Parquet)
       python -m benchmarks.ledger_month way_back WAREHOUSE OUT      (the pool of every charge, once there is a ledger)
"""

import sys
from pathlib import Path

import duckdb

from benchmarks.ledger_meters import DELIVERY, HOURS, meters, owned, some

CHARGES = "int_charges_attributed_to_owners"
GIVEN = f"stg_usage__.*|int_azure__exports_paired|int_aws__split_usage|{CHARGES}"
"""Names of what the warehouse has before the ledger: tables with the columns of a finished run."""
RULES = """\
version: 1
rules:
  - {name: gpu-clusters, pool: gpu_cluster, driver: gpu_hours, basis: requested}
  - {name: shared-storage, pool: bucket, driver: storage_bytes}
  - {name: gateway, select: {SubAccountName: gateway}, driver: api_calls, of: {service: gateway}, service: gateway}
  - {name: search, select: {SubAccountName: search}, driver: api_calls, of: {service: search}, service: search}
  - name: models
    select: {x_ModelId: {exists: true}, x_Team: {exists: false}}
    driver: tokens
    by: {model_name: x_ModelId}
  - {name: security, select: {SubAccountName: security}, driver: cost}
  - {name: support, select: {ServiceName: {contains: Support}}, driver: cost}
  - {name: tagged-owners, pool: owner, driver: direct}
"""

_COPIED = {
    "copy": f"select * from {CHARGES}",
    "way_back": "select charge_id, pool_id from int_charges_assigned_to_pools",
}
_MEMORY = "1GB"
_FULL = 10_000_000
_WORKLOADS = 10_000


def main() -> None:
    match sys.argv[1:]:
        case ["write", schemas, warehouse, lines]:
            write_month(Path(warehouse), Path(schemas), int(lines))
        case [("copy" | "way_back") as what, warehouse, out]:
            with duckdb.connect(warehouse, read_only=True, config={"memory_limit": _MEMORY}) as connection:
                connection.execute(f"copy ({_COPIED[what]}) to '{out}' (format parquet, compression zstd)")
        case _:
            sys.exit(__doc__)


def write_month(warehouse: Path, schemas: Path, lines: int) -> None:
    """Write the warehouse of a month.

    Args:
        warehouse: the file to write.
        schemas: the warehouse of a finished run, whose tables have the columns.
        lines: about so many charges.
    """
    warehouse.unlink(missing_ok=True)
    share = lines / _FULL
    with duckdb.connect(warehouse, config={"memory_limit": "4GB", "preserve_insertion_order": False}) as connection:
        connection.execute(f"attach '{schemas}' as run (read_only)")
        # views of the run name their tables without its catalog
        connection.execute("use run")
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where regexp_full_match(table_name, ?)", [GIVEN]
        ).fetchall():
            connection.execute(f"create table warehouse.{name} as select * from run.{name} limit 0")
        connection.execute("use warehouse")
        connection.execute("detach run")
        connection.execute(f"{_METERS} from ({' union all by name '.join(meters(share))})")
        # in one transaction: each commit would write the tables' unfinished row groups anew
        connection.execute("begin")
        for day in range(HOURS // 24):
            connection.execute(_LINES_OF_DAY, {"day": day})
        for feed, query in _feeds(share).items():
            connection.execute(f"insert into {feed} by name {query}")
        connection.execute("commit")


_METERS = f"""
    create temp table meters as
    select source_name, provider, landed_table, false as is_delivered_as_focus, '{DELIVERY}' as delivery_id,
        billing_account_id, 'Acme' as billing_account_name, sub_account_id, sub_account_name, 'USD' as billing_currency,
        '2026-10' as billing_period, timestamp '2026-10-01' as billing_period_start,
        timestamp '2026-11-01' as billing_period_end, coalesce(charge_category, 'Usage') as charge_category,
        sku_meter || ' in ' || region_id as charge_description, 'Usage-Based' as charge_frequency,
        'delivered' as charge_origin, coalesce(pricing_category, 'Standard') as pricing_category, pricing_unit,
        pricing_unit as consumed_unit, cast(price * 0.000001 as decimal(38, 18)) as list_unit_price,
        commitment_discount_id, commitment_discount_status, service_category, service_name,
        'AWS' as service_provider_name, 'AWS' as host_provider_name, 'AWS' as invoice_issuer_name,
        '202610417' as invoice_id, region_id, region_id || 'a' as availability_zone, resource_id,
        coalesce(resource_name, resource_id) as resource_name, resource_type,
        substr(md5(sku_meter), 1, 16) as sku_id, sku_meter,
        map {{'user_team': team, 'user_project': project, 'user_environment': environment}} as tags, cost_layer,
        cluster, node_pool, coalesce(attached_machine, case when service_category = 'Networking' then resource_id end)
        as attached_machine, gpu_model,
        cast(gpu_hours_each * coalesce(hours_a_line, 1) as decimal(38, 18)) as gpu_hours, capacity_type,
        coalesce(is_cluster_machine, false) as is_cluster_machine, bucket, storage_class, storage_measure,
        cast(byte_hours_each * coalesce(hours_a_line, 1) as decimal(38, 18)) as billed_byte_hours, model_id,
        token_direction, team, project, environment, cost_center,
        row_number() over () as meter, coalesce(hours_a_line, 1) as length, price, plan_id,
        coalesce(is_covered, false) as is_covered,
        -- a file of a delivery holds lines of all days, so that no file and no stretch of addresses is one day's
        'finops-cur2-' || row_number() over () % 40 || '.snappy.parquet' as landed_file,
        source_name || '/2026-10/{DELIVERY}/' || row_number() over () % 40 || '/' as address
"""


def _billionths(amount: str) -> str:
    return f"cast(cast({amount} as decimal(20, 0)) * cast(0.000000001 as decimal(9, 9)) as decimal(38, 18))"


_LINES_OF_DAY = f"""
    insert into {CHARGES} by name
    with lines as (
        select *,
            $day * 24 + hour as hour_of_month,
            ($day * 24 + hour) * 100000 + meter as landed_row,
            timestamp '2026-10-01' + to_hours($day * 24 + hour) as start,
            -- machines cost the same every hour, what is metered does not
            case when gpu_hours > 0 then 1000 else 500 + cast(hash(meter, $day, hour) % 1000 as integer) end as load
        from range(24) as hours (hour) cross join meters
        where ($day * 24 + hour) % length = 0
    ),
    priced as (
        select * exclude (commitment_discount_id, commitment_discount_status, pricing_category),
            is_covered and load % 100 < 90 as is_at_plan_price,
            case when is_at_plan_price then plan_id else commitment_discount_id end as commitment_discount_id,
            case when is_at_plan_price then 'Used' else commitment_discount_status end as commitment_discount_status,
            case when is_at_plan_price then 'Committed' else pricing_category end as pricing_category,
            -- billionths
            price * load * length as cost
        from lines
    )
    select
        * exclude (
            hour, hour_of_month, address, meter, length, price, plan_id, is_covered, start, load, is_at_plan_price, cost
        ),
        address || landed_row as charge_id,
        start as charge_period_start, start + to_hours(length) as charge_period_end, cast(start as date) as charge_date,
        load / 1000 as pricing_quantity, load / 1000 as consumed_quantity,
        {_billionths("cost")} as list_cost, {_billionths("cost")} as contracted_cost,
        {_billionths("cost")} as billed_cost,
        {_billionths("case when is_at_plan_price then cost * 72 // 100 else cost end")} as effective_cost
    from priced
"""
"""One statement a day, what does not change in `meters`: a line costs what writing it costs."""


def _feeds(share: float) -> dict[str, str]:
    """What the usage feeds deliver: a query for each."""
    buckets = f"range({some(150, share)}) as buckets (i) cross join range(6) as datasets (d)"
    dataset = f"{owned('(i * 6 + d)')}, 'dataset-' || i * 6 + d as dataset, 'bucket-' || i as bucket"
    days = f"range({HOURS // 24}) as days (day)"
    date = "date '2026-10-01' + cast(day as integer) as usage_date"
    teams = f"range(60) as teams (t) cross join {days}"
    return {
        "stg_usage__gpu_hours": _gpu_hours(share),
        "stg_usage__storage_bytes": f"""
            select {dataset}, {date}, ['standard', 'infrequent', 'archive'][1 + d % 3] as storage_class,
                1e12 * (d + 1) as byte_hours
            from {buckets} cross join {days}
        """,
        "stg_usage__storage_access": f"""
            select {dataset}, {date}, 1 + hash(i, d, day) % 100000 as requests from {buckets} cross join {days}
        """,
        "stg_usage__tokens": f"""
            select {owned("t")}, 'model-' || m as model_name, 1 + hash(t, m, day) % 1000000 as input_tokens,
                timestamp '2026-10-01' + to_days(cast(day as integer)) as usage_start,
                timestamp '2026-10-02' + to_days(cast(day as integer)) as usage_end
            from range(25) as models (m) cross join {teams}
        """,
        "stg_usage__api_calls": f"""
            select {owned("t")}, {date}, service, 1 + hash(t, service, day) % 1000 as quantity
            from (values ('gateway'), ('search')) as services (service) cross join {teams}
            union all by name
            select {date}, service, 400 as quantity, workload
            from (values ('gateway', 'search'), ('search', 'gateway')) as services (service, workload) cross join {days}
        """,
    }


def _gpu_hours(share: float) -> str:
    workloads = some(_WORKLOADS, share)
    tenants = "cross join range(1, 5) as tenants (tenant)"
    return f"""
        with nodes as (
            select 'i-' || substr(md5('node' || i), 1, 17) as node, ['eks-train', 'eks-serve'][1 + i % 2] as cluster,
                cast(null as varchar) as node_pool, i, 1 as length
            from range({some(240, share)}) as machines (i)
            union all
            select 'gke-train-' || i, 'gke-train', null, i, 1 from range({some(100, share)}) as machines (i)
            union all
            select null, 'aks-serve', 'aks-' || i % 6 || '-vmss', i, 24 from range({some(60, share)}) as machines (i)
        ),
        held as (
            select *, [4, 2, 1, 0.5][tenant] * length as gpu_hours,
                cast(hash(cluster, i, tenant, hour // [168, 24, 4, {HOURS}][tenant]) % {workloads} as bigint) as number
            from nodes cross join range({HOURS}) as hours (hour) {tenants}
            where hour % length = 0 and (tenant <> 3 or hash(cluster, i, hour // 4) % 10 > 0)
        )
        select {owned("number")}, 'workload-' || number as workload, cluster, node, node_pool,
            case when tenant = 4 then 'serving' else 'training' end as workload_type,
            timestamp '2026-10-01' + to_hours(hour) as usage_start,
            timestamp '2026-10-01' + to_hours(hour + length) as usage_end,
            gpu_hours as gpu_hours_requested, gpu_hours * (hash(number, hour) % 100 / 100) as gpu_hours_used
        from held
    """


if __name__ == "__main__":
    main()
