"""The sample company's Google Cloud bill: rows of the detailed export, planned with the owner each one has.

`gcp_lines` holds wire fields beside what is true (billed, effective, route to the owner). How the rows become nested
Parquet and JSON Lines files is `gcp_delivery.py`.
"""

import duckdb

from finops_pipeline.sample.plan import create_table

_MACHINE_SKUS = (
    # pool, GPU SKU, core SKU, memory SKU
    ("gcp-train", "Nvidia H100 80GB GPU running in Americas", "A3 Instance Core running in Americas",
     "A3 Instance Ram running in Americas"),
    ("gcp-sweep", "Spot Preemptible Nvidia Tesla A100 80GB GPU running in Americas",
     "Spot Preemptible A2 Instance Core running in Americas", "Spot Preemptible A2 Instance Ram running in Americas"),
    ("gcp-serve", "Nvidia L4 GPU running in Americas", "G2 Instance Core running in Americas",
     "G2 Instance Ram running in Americas"),
    ("gcp-small", "Nvidia Tesla T4 GPU running in Americas", "N1 Predefined Instance Core running in Americas",
     "N1 Predefined Instance Ram running in Americas"),
)  # fmt: skip

COMPUTE, STORAGE, VERTEX = "6F81-5844-456A", "95FF-2EF5-5EA1", "C7E2-9256-1C43"

_LINES = """
create or replace table gcp_lines (
    line_key varchar, period varchar, usage_start timestamp, usage_end timestamp, export_time timestamp,
    project varchar, cell integer, service_id varchar, service varchar, sku varchar,
    labels struct(key varchar, value varchar)[], system_labels struct(key varchar, value varchar)[],
    region varchar, zone varchar, resource_name varchar, global_name varchar,
    price decimal(38, 9), price_unit varchar, price_quantity decimal(38, 9) default 1,
    amount decimal(38, 6), unit varchar, pricing_amount decimal(28, 10), pricing_unit varchar,
    cost decimal(18, 10), sustained_use decimal(18, 10) default 0, promotion decimal(18, 10) default 0,
    cost_type varchar default 'regular',
    adjustment_id varchar, adjustment varchar, adjustment_mode varchar, adjustment_type varchar,
    category varchar, route varchar, pool_key varchar, team varchar, workload_project varchar, environment varchar,
    reason varchar, model varchar, anomaly varchar, anomaly_amount decimal(18, 10)
)
"""


def build_gcp_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `gcp_lines` and the rows of everything but disks, support and tax."""
    create_table(connection, "gcp_machine_skus", ("pool", "gpu_sku", "core_sku", "ram_sku"), _MACHINE_SKUS)
    connection.execute(_LINES)
    _add_machines(connection)
    _add_cpu_machines(connection)
    _add_tokens(connection)
    _add_corrections(connection)
    _add_buckets(connection)
    _add_network(connection)


def _insert(connection: duckdb.DuckDBPyConnection, select: str) -> None:
    connection.execute(f"insert into gcp_lines by name {select}")


def _exported(end: str, key: str) -> str:
    """SQL of the instant Google exported a row: some hours after its usage ended."""
    return f"({end}) + to_minutes((240 + noise('export|' || {key}, 480))::integer)"


def _add_machines(connection: duckdb.DuckDBPyConnection) -> None:
    """GPU, core and memory of one machine are three rows with three SKUs and one resource."""
    _insert(
        connection,
        f"""
        with running as (
            select machine_days.*, slot_hour, slot_hours, least(slot_hour + slot_hours, run_hours) - slot_hour as hours
            from machine_days inner join slots on slots.day = machine_days.day
            where provider = 'gcp' and slot_hour < run_hours
        ), parts as (
            select running.*, gpu_sku as sku, 'gpu' as part, gpus as quantity, price::decimal(12, 6) as unit_price
            from running inner join gcp_machine_skus on gcp_machine_skus.pool = running.pool
            union all by name
            select running.*, core_sku as sku, 'core' as part, cores as quantity,
                core_price::decimal(12, 6) as unit_price
            from running inner join gcp_machine_skus on gcp_machine_skus.pool = running.pool
            union all by name
            select running.*, ram_sku as sku, 'ram' as part, ram as quantity, ram_price::decimal(12, 6) as unit_price
            from running inner join gcp_machine_skus on gcp_machine_skus.pool = running.pool
        )
        select
            concat_ws('|', 'machine', instance, day, lpad(slot_hour::varchar, 2, '0'), part) as line_key, period,
            day + to_hours(slot_hour::integer) as usage_start,
            day + to_hours((slot_hour + slot_hours)::integer) as usage_end,
            {_exported("usage_end", "day || slot_hour")} as export_time, in_cell(account, cell) as project, cell,
            '{COMPUTE}' as service_id, 'Compute Engine' as service, sku,
            list_concat(
                [{{'key': 'goog-k8s-cluster-location', 'value': region}},
                 {{'key': 'goog-k8s-cluster-name', 'value': cluster}},
                 {{'key': 'goog-k8s-node-pool-name', 'value': node_pool}}],
                owner_tags('platform', 'clusters', 'prod')
            ) as labels,
            [{{'key': 'compute.googleapis.com/cores', 'value': cores::varchar}},
             {{'key': 'compute.googleapis.com/machine_spec', 'value': machine}},
             {{'key': 'compute.googleapis.com/memory', 'value': (ram * 1024)::varchar}}] as system_labels,
            region, region || '-' || substr('abcf', node_no % 4 + 1, 1) as zone, instance as resource_name,
            '//compute.googleapis.com/projects/' || in_cell(account, cell) || '/zones/' || zone || '/instances/'
                || ('0x' || hex_of('instance|' || instance, 15))::bigint as global_name,
            unit_price as price, case part when 'ram' then 'gibibyte hour' else 'hour' end as price_unit,
            quantity * hours::bigint * 3600 * case part when 'ram' then 1073741824 else 1 end as amount,
            case part when 'ram' then 'byte-seconds' else 'seconds' end as unit,
            quantity * hours as pricing_amount, price_unit as pricing_unit, quantity * hours * unit_price as cost,
            -- Google grants sustained use on N1 machines and their GPUs only
            case pool when 'gcp-small' then cost * -0.2 else 0 end as sustained_use,
            'Usage' as category, 'gpu' as route, pool_key,
            case when is_runaway then 'runaway_training' end as anomaly,
            case when is_runaway then cost end as anomaly_amount
        from parts
    """,
    )


def _add_cpu_machines(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        f"""
        with parts as (
            select * from (values
                ('N2 Instance Core running in Americas', 'hour', 8, 0.031611, 1),
                ('N2 Instance Ram running in Americas', 'gibibyte hour', 32, 0.004237, 1073741824)
            ) parts(sku, price_unit, quantity, unit_price, block)
        )
        select
            concat_ws('|', 'cpu', cell, node_no, day, lpad(slot_hour::varchar, 2, '0'), sku) as line_key, period,
            day + to_hours(slot_hour::integer) as usage_start,
            day + to_hours((slot_hour + slot_hours)::integer) as usage_end,
            {_exported("usage_end", "day || slot_hour")} as export_time, in_cell('acme-serve', cell) as project, cell,
            '{COMPUTE}' as service_id, 'Compute Engine' as service, sku,
            list_concat([{{'key': 'goog-k8s-cluster-name', 'value': in_cell('gke-serve-usc1', cell)}},
                {{'key': 'goog-k8s-node-pool-name', 'value': 'default-pool'}}],
                owner_tags(case when node_no < 2 then 'platform' end, case when node_no < 2 then 'clusters' end,
                    case when node_no < 2 then 'prod' end)) as labels,
            [{{'key': 'compute.googleapis.com/cores', 'value': '8'}},
             {{'key': 'compute.googleapis.com/machine_spec', 'value': 'n2-standard-8'}}] as system_labels,
            'us-central1' as region, 'us-central1-a' as zone,
            'gke-' || in_cell('gke-serve-usc1', cell) || '-default-pool-' || hex_of('cpu' || cell || '|' || node_no, 4)
                as resource_name,
            '//compute.googleapis.com/projects/' || in_cell('acme-serve', cell) || '/zones/us-central1-a/instances/'
                || ('0x' || hex_of('instance|' || resource_name, 15))::bigint as global_name,
            unit_price as price, price_unit, quantity::bigint * slot_hours * 3600 * block as amount,
            case block when 1 then 'seconds' else 'byte-seconds' end as unit, quantity * slot_hours as pricing_amount,
            price_unit as pricing_unit, quantity * slot_hours * unit_price as cost, cost * -0.2 as sustained_use,
            'Usage' as category, case when node_no < 2 then 'owner' else 'none' end as route,
            case when node_no < 2 then 'platform' end as team,
            case when node_no < 2 then 'clusters' end as workload_project,
            case when node_no < 2 then 'prod' end as environment, case when node_no >= 2 then 'untagged' end as reason
        from slots cross join cells cross join range(3) node_numbers(node_no) cross join parts
    """,
    )


def _add_tokens(connection: duckdb.DuckDBPyConnection) -> None:
    """Vertex AI. Windows of the first UTC hours of a month belong to the month before: invoices are Pacific."""
    _insert(
        connection,
        f"""
        select
            concat_ws('|', 'tokens', model, account, team, project, meter, cell, start_at) as line_key,
            invoice_period as period, start_at as usage_start, start_at + to_hours(hours::integer) as usage_end,
            {_exported("usage_end", "start_at")} as export_time, in_cell(account, cell) as project, cell,
            '{VERTEX}' as service_id, 'Vertex AI' as service, meter as sku,
            owner_tags(team, token_use.project, environment) as labels, 'us-central1' as region,
            price, unit as price_unit, unit_tokens as price_quantity, kilo_tokens::bigint * 1000 as amount,
            'count' as unit, amount as pricing_amount, 'count' as pricing_unit, cost,
            -- the start-up programme pays half of what nobody tagged
            case when team is null then cost * -0.5 else 0 end as promotion,
            'Usage' as category, case when team is null then 'none' else 'owner' end as route, team,
            token_use.project as workload_project, environment, model,
            case when team is null then 'untagged' end as reason
        from token_use where provider = 'gcp'
    """,
    )


def _add_corrections(connection: duckdb.DuckDBPyConnection) -> None:
    """One day of the month before is priced again in the last one: taken back and charged anew, exported late."""
    _insert(
        connection,
        """
        select gcp_lines.* replace (
                concat_ws('|', 'correction', step, line_key) as line_key, periods.period as period,
                month_start + interval 8 day + interval 3 hour as export_time,
                (case step when 1 then -1.0 else 1.0 end * amount)::decimal(38, 6) as amount,
                (case step when 1 then -1.0 else 1.0 end * pricing_amount)::decimal(28, 10) as pricing_amount,
                (case step when 1 then -1.0 else 0.9 end * cost)::decimal(18, 10) as cost,
                'adj-' || substr(md5(line_key), 1, 12) as adjustment_id,
                'Price correction for Gemini 2.5 Pro' as adjustment,
                'COMPLETE_NEGATION_WITH_REMONETIZATION' as adjustment_mode, 'PRICE_CORRECTION' as adjustment_type
            )
        from gcp_lines
        cross join periods
        cross join range(1, 3) steps(step)
        where periods.is_last and not periods.is_first
            and service = 'Vertex AI' and sku like 'Gemini 2.5 Pro % Output %' and gcp_lines.team = 'research'
            and gcp_lines.cell = 0
            and usage_start::date = (select max(month_start) + interval 14 day from periods where not is_last)
    """,
    )


def _add_buckets(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        f"""
        select
            concat_ws('|', 'bytes', bucket, storage_class, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, {_exported("usage_end", "day")} as export_time,
            in_cell(account, cell) as project, cell, '{STORAGE}' as service_id, 'Cloud Storage' as service,
            meter as sku,
            owner_tags(tag_team, case when tag_team is not null then 'lake' end,
                case when tag_team is not null then 'prod' end) as labels,
            'us' as region, bucket as resource_name, '//storage.googleapis.com/projects/_/buckets/' || bucket
                as global_name,
            price::decimal(9, 4) as price, 'gibibyte month' as price_unit,
            (units * unit)::decimal(38, 5) * 1000000000 * 86400 as amount, 'byte-seconds' as unit,
            round(units * unit::double * 1e9 / 1073741824 / month_days, 6)::decimal(18, 6) as pricing_amount,
            'gibibyte month' as pricing_unit, pricing_amount * price::decimal(9, 4) as cost,
            'Usage' as category, 'shares' as route, pool_key,
            case when is_spike then 'storage_spike' end as anomaly,
            case when is_spike then cost * 0.5 end as anomaly_amount
        from bucket_days
        where provider = 'gcp'
    """,
    )
    _insert(
        connection,
        f"""
        select
            concat_ws('|', 'requests', bucket, meter, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, {_exported("usage_end", "day")} as export_time,
            in_cell(owners.account, cell) as project, cell, '{STORAGE}' as service_id, 'Cloud Storage' as service,
            meter as sku,
            owner_tags(owners.tag_team, case when owners.tag_team is not null then 'lake' end,
                case when owners.tag_team is not null then 'prod' end) as labels,
            'us' as region, bucket as resource_name, '//storage.googleapis.com/projects/_/buckets/' || bucket
                as global_name,
            price::decimal(12, 9) as price, 'count' as price_unit, 64 * requests_a_share as amount,
            'requests' as unit, amount as pricing_amount, 'count' as pricing_unit,
            64 * requests_a_share * price::decimal(12, 9) as cost, 'Usage' as category, 'shares' as route, pool_key
        from request_days
        inner join (select bucket as owned, any_value(account) as account, any_value(tag_team) as tag_team
            from bucket_classes group by all) owners on owned = bucket_kind
        where provider = 'gcp'
    """,
    )


def _add_network(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        f"""
        with flows as (
            select * from (values
                ('Network Internet Data Transfer Out from Americas to Americas', 900, 0.085, false),
                ('Network Inter Zone Data Transfer Out', 2100, 0.01, false),
                ('Log Storage cost', 160, 0.5, true)
            ) flows(sku, gibibytes, unit_price, is_tagged)
        )
        select
            concat_ws('|', 'network', sku, cell, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, {_exported("usage_end", "day")} as export_time,
            in_cell('acme-serve', cell) as project, cell,
            case when is_tagged then '5490-F7B7-8DF6' else '{COMPUTE}' end as service_id,
            case when is_tagged then 'Cloud Logging' else 'Compute Engine' end as service, sku,
            case when is_tagged then owner_tags('platform', 'observability', 'prod')
                else owner_tags(null, null, null) end as labels,
            'us-central1' as region, unit_price as price, 'gibibyte' as price_unit,
            (gibibytes * (90 + noise('network|' || sku || cell || day, 21)) * 0.01)::decimal(12, 2) as pricing_amount,
            'gibibyte' as pricing_unit, pricing_amount::decimal(38, 2) * 1073741824 as amount, 'bytes' as unit,
            pricing_amount * unit_price as cost,
            case when is_tagged then 0 else cost * -0.5 end as promotion,
            'Usage' as category, case when is_tagged then 'owner' else 'none' end as route,
            case when is_tagged then 'platform' end as team,
            case when is_tagged then 'observability' end as workload_project,
            case when is_tagged then 'prod' end as environment, case when not is_tagged then 'untagged' end as reason
        from days cross join cells cross join flows
    """,
    )


def add_gcp_volumes(connection: duckdb.DuckDBPyConnection, volumes: int) -> None:
    """Persistent disks, a row a day each. They carry their cluster's label and are no machine all the same."""
    _insert(
        connection,
        f"""
        select
            concat_ws('|', 'volume', volume, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, {_exported("usage_end", "day")} as export_time,
            volume % cell_count as cell, in_cell('acme-serve', cell) as project,
            '{COMPUTE}' as service_id, 'Compute Engine' as service, 'Storage PD Capacity' as sku,
            list_concat([{{'key': 'goog-k8s-cluster-name', 'value': in_cell('gke-serve-usc1', cell)}}],
                owner_tags(team, volume_owners.project, environment)) as labels,
            'us-central1' as region, 'us-central1-a' as zone, 'pvc-' || guid_of('disk' || volume) as resource_name,
            '//compute.googleapis.com/projects/' || in_cell('acme-serve', cell) || '/zones/us-central1-a/disks/'
                || ('0x' || hex_of('disk|' || volume, 15))::bigint as global_name,
            0.04 as price, 'gibibyte month' as price_unit,
            (50 * (1 + volume % 12) * case month_days when 30 then 0.033333 else 0.032258 end)::decimal(18, 6)
                as pricing_amount,
            'gibibyte month' as pricing_unit, 50 * (1 + volume % 12)::bigint * 1073741824 * 86400 as amount,
            'byte-seconds' as unit, pricing_amount * 0.04 as cost, 'Usage' as category,
            case when team is null then 'none' else 'owner' end as route, team,
            volume_owners.project as workload_project, environment, case when team is null then 'untagged' end as reason
        from range({int(volumes)}) volumes(volume)
        cross join (select count(*) as cell_count from cells) sizes
        cross join days
        inner join volume_owners on owner_no = volume % 8
    """,
    )


def add_gcp_fees(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows of the whole month without a project: support, tax, rounding and a goodwill adjustment. Call it last."""
    _insert(
        connection,
        f"""
        with bill as (
            select period, sum(cost + sustained_use + promotion) as billed from gcp_lines group by all
        ), fees as (
            select * from (values
                ('2062-016F-44A2', 'Support', 'Enhanced Support Variable', 'regular', 0.03, 0.0, null, 'Usage',
                    'support'),
                (null, 'Invoice', 'Tax - United States', 'tax', 0.008, 0.0, null, 'Tax', 'tax'),
                (null, 'Invoice', 'Invoice rounding', 'rounding_error', 0.0, 0.0043, null, 'Adjustment', 'adjustment'),
                ('{VERTEX}', 'Vertex AI', 'Goodwill adjustment', 'adjustment', 0.0, -420.5, 'GOODWILL', 'Adjustment',
                    'adjustment')
            ) fees(service_id, service, sku, cost_type, share, fixed, adjustment_type, category, reason)
        )
        select
            concat_ws('|', 'fee', service, sku, periods.period) as line_key, periods.period as period,
            month_start + interval 7 hour as usage_start, next_month_start + interval 7 hour as usage_end,
            next_month_start + interval 1 day + interval 9 hour as export_time, 0 as cell, service_id, service, sku,
            owner_tags(null, null, null) as labels, cost_type,
            round(bill.billed * share, 2) + fixed as cost,
            case when adjustment_type is not null then 'adj-' || substr(md5(periods.period), 1, 12) end
                as adjustment_id,
            case when adjustment_type is not null then 'Goodwill credit for a service incident' end as adjustment,
            case when adjustment_type is not null then 'MANUAL_ADJUSTMENT' end as adjustment_mode, adjustment_type,
            category, 'none' as route, reason
        from fees cross join periods
        inner join bill on bill.period = periods.period
    """,
    )
