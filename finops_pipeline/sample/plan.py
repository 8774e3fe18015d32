"""What happened in the sample company: days, machines, who held which shares of them, bytes and tokens.

The clouds' modules turn this plan into bills, `telemetry.py` into usage feeds and `truth.py` into owners, so the three
never copy from each other. All of it is DuckDB SQL over small tables of facts (`company.py`).

Why the splits are exact: a machine's GPU-hours of a day, a bucket's bytes and its requests are handed out in shares of
64 (of 256 over a whole pool of up to four machines). A share k/256 has at most 8 decimals and a delivered cost at most
10, so every part has at most 18: the scale of money. Running hours are 24, 12 or 6 of a day for the same reason.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from finops_pipeline.sample import company

HOURLY_FROM_ROWS = 400_000
"""From this many lines on, machines and tokens are billed by the hour instead of by the day."""

_DAILY_ROWS_PER_CELL = 18_000
_HOURLY_ROWS_PER_CELL = 215_000
_SHARE_OF_MACHINES = 0.65  # of the lines asked for; the rest are disks, as on real bills


@dataclass(frozen=True)
class Scale:
    """How large the company is: `cells` copies of its clusters, buckets and callers, billed by the day or hour."""

    cells: int
    hourly: bool

    @classmethod
    def for_rows(cls, rows: int | None, months: int) -> "Scale":
        """The largest company whose lines, without its disks, stay below `rows`."""
        if rows is None:
            return cls(cells=1, hourly=False)
        hourly = rows >= HOURLY_FROM_ROWS
        per_cell = (_HOURLY_ROWS_PER_CELL if hourly else _DAILY_ROWS_PER_CELL) * months / 2
        return cls(cells=max(1, int(rows * _SHARE_OF_MACHINES / per_cell)), hourly=hourly)


class Story(NamedTuple):
    """Days (of the last month) on which something goes wrong; `truth/anomalies.csv` tells them."""

    storage_spike_from: int = 8
    price_change_from: int = 10
    runaway_from: int = 12
    runaway_to: int = 15
    notebook_from: int = 17
    lost_tags_from: int = 20
    lost_tags_to: int = 24
    token_loop: int = 27


STORY = Story()

FASTER_WORKLOAD, FASTER_PERCENT = "search-embed", 125
"""In the last month this workload answers a quarter more requests with the same GPU-seconds: a quantised model."""

MOVED_SHARES = (
    ("spam-filter", -14),
    ("media-tagger", -4), ("search-rerank", 4),
    ("media-api", 4), ("assistant-voice", -4),
)  # fmt: skip
"""(workload, shares of 64 it holds more in the last month). The first gives machines up and leaves them idle; the
others trade places, so that a model's traffic moves from one cloud, and one version, to another."""


def build_plan(connection: duckdb.DuckDBPyConnection, months: tuple[str, ...], scale: Scale, seed: int) -> None:
    """Create the plan's tables: calendar, slots, machines and shares, buckets and shares, tokens."""
    _create_macros(connection, seed)
    _load_facts(connection)
    _create_calendar(connection, months, scale)
    _create_machines(connection)
    _create_buckets(connection)
    _create_tokens(connection, scale)


def literal(value: object) -> str:
    """A value as a SQL literal."""
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


def create_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], rows: tuple[tuple[Any, ...], ...]
) -> None:
    """A small table of facts."""
    values = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
    connection.execute(f"create or replace table {name} as select * from (values {values}) facts({', '.join(columns)})")


def _create_macros(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    # md5 is the same everywhere and for ever; DuckDB's own hash() and random() promise nothing between versions.
    connection.execute(f"""
        create or replace macro noise(key, below) as
            ('0x' || substr(md5('{int(seed)}|' || key), 1, 8))::bigint % (below)::bigint;
        create or replace macro hex_of(key, digits) as substr(md5('id|{int(seed)}|' || key), 1, digits);
        create or replace macro guid_of(key) as
            substr(md5('guid|' || key), 1, 8) || '-' || substr(md5('guid|' || key), 9, 4) || '-4'
            || substr(md5('guid|' || key), 14, 3) || '-a' || substr(md5('guid|' || key), 18, 3) || '-'
            || substr(md5('guid|' || key), 21, 12);
        create or replace macro in_cell(name, cell) as name || case when cell = 0 then '' else '-r' || (cell + 1) end;
        -- the shortest decimal text, parsed: the double whose shortest text is the planned amount again
        create or replace macro to_double(amount) as (amount)::varchar::double;
        -- teams never agree on their tag keys
        create or replace macro owner_tags(team, project, environment) as list_filter(
            [
                {{'key': case team when 'search' then 'squad' when 'vision' then 'owner-team' else 'team' end,
                  'value': team}},
                {{'key': case team when 'data-platform' then 'application' else 'project' end, 'value': project}},
                {{'key': case team when 'search' then 'env' when 'vision' then 'stage' else 'environment' end,
                  'value': environment}}
            ],
            lambda tag: tag.value is not null
        );
    """)


def _load_facts(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, "pools", company.Pool._fields, company.POOLS)
    create_table(connection, "workloads", company.Workload._fields, company.WORKLOADS)
    create_table(connection, "moves", ("workload", "shares"), MOVED_SHARES)
    create_table(connection, "token_meters", company.TokenMeter._fields, company.TOKEN_METERS)
    create_table(connection, "token_users", company.TokenUser._fields, company.TOKEN_USERS)
    create_table(connection, "bucket_classes", company.BucketClass._fields, company.BUCKET_CLASSES)
    create_table(connection, "datasets", company.Dataset._fields, company.DATASETS)
    create_table(connection, "bucket_requests", company.BucketRequests._fields, company.BUCKET_REQUESTS)
    create_table(connection, "request_shares", ("bucket", "dataset", "shares"), company.REQUEST_SHARES)
    create_table(connection, "entities", company.Entity._fields, company.ENTITIES)
    create_table(connection, "volume_owners", ("team", "project", "environment"), company.VOLUME_OWNERS)
    connection.execute("""
        alter table volume_owners add column owner_no integer;
        update volume_owners set owner_no = rowid;
    """)


def _create_calendar(connection: duckdb.DuckDBPyConnection, months: tuple[str, ...], scale: Scale) -> None:
    create_table(connection, "months", ("period",), tuple((month,) for month in months))
    slots = "range(24)" if scale.hourly else "range(1)"
    hours = 1 if scale.hourly else 24
    connection.execute(f"""
        create or replace table cells as select range::integer as cell from range({scale.cells});
        create or replace table periods as
        select
            period,
            (period || '-01')::date as month_start,
            (month_start + interval 1 month)::date as next_month_start,
            (next_month_start - month_start)::integer as days,
            days * 24 as hours,
            period = (select min(period) from months) as is_first,
            period = (select max(period) from months) as is_last
        from months;
        create or replace table days as
        select
            periods.period, (month_start + range::integer)::date as day, hours as month_hours, days as month_days,
            is_first, is_last, range + 1 as day_of_month,
            row_number() over (order by period, range) - 1 as day_no, range + 1 > days - 2 as is_tail
        from periods cross join range(31) where range < days;
        -- the billing intervals of machines: one a day, or one an hour
        create or replace table slots as
        select days.*, range * {hours} as slot_hour, {hours} as slot_hours
        from days cross join {slots};
    """)


def _create_machines(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"""
        create or replace table machine_days as
        with planned as (
            select
                pools.* exclude (cluster, node_pool), cell, node_no, days.* exclude (month_days),
                in_cell(pools.cluster, cell) as cluster,
                case provider when 'azure' then
                    case cell when 0 then node_pool
                    else replace(node_pool, '-vmss', '') || 'r' || (cell + 1) || '-vmss' end
                else node_pool end as node_pool,
                node_no >= nodes as is_runaway,
                pool || '|' || cell || '|' || case level when 'node' then node_no::varchar else '' end
                    || '|' || day as luck,
                case
                    -- a spot machine in twelve is taken away at noon or at six
                    when capacity_type = 'spot' and node_no < nodes and noise('spot|' || luck, 12) = 0
                        then case noise('hour|' || luck, 2) when 0 then 12 else 6 end
                    -- one training machine rests on Sundays, one on the 14th: committed, paid for and unused
                    when pool = 'aws-train' and node_no = nodes - 1 and dayofweek(day) = 0 then 0
                    when pool = 'azure-train' and node_no = nodes - 1 and day_of_month in (14, 28) then 0
                    else 24
                end as run_hours
            from pools
            cross join cells
            cross join range(8) node_numbers(node_no)
            cross join days
            where node_no < nodes
                or (pool = 'gcp-sweep' and cell = 0 and node_no < nodes + 3 and is_last
                    and day_of_month between {STORY.runaway_from} and {STORY.runaway_to})
        ), numbered as (
            select *,
                -- a machine that was taken away comes back as another one
                coalesce(sum((run_hours not in (0, 24))::integer) over (
                    partition by pool, cell, node_no order by day rows between unbounded preceding and 1 preceding
                ), 0)::integer as generation
            from planned
        )
        select *,
            concat_ws('|', pool, cell, node_no, case provider when 'aws' then generation end) as node,
            case provider
                when 'aws' then 'i-0' || hex_of(node, 16)
                when 'gcp' then 'gke-' || cluster || '-' || node_pool || '-' || hex_of(pool || cell, 8) || '-'
                    || hex_of(node, 4)
                else node_pool || '_' || node_no
            end as instance,
            provider || '|' || case level
                when 'node' then instance
                when 'node_pool' then cluster || '|' || node_pool
                else cluster || '|' || gpu_model || '|' || capacity_type
            end as pool_key,
            gpus * run_hours as gpu_hours
        from numbered
        where run_hours > 0;

        -- who held how many of the 64 shares of a machine-day
        create or replace table machine_shares as
        select
            machine_days.pool, machine_days.cell, node, instance, pool_key, provider, cluster, node_pool, gpu_model,
            capacity_type, level, day, period, day_no, run_hours, gpu_hours, workload, workload_type, team, project,
            workloads.environment, model_name, model_version, gpu_fraction, requests_per_gpu_hour,
            case when is_runaway then 64
            else workloads.shares + moved_shares - wobble + noise('held|' || node || workload || day, 2 * wobble + 1)
            end as shares,
            case when is_runaway then 0 else moved_shares end as moved_shares, is_last and not is_first as is_changed
        from machine_days
        inner join (
            select workloads.*, coalesce(moves.shares, 0) as moves
            from workloads left join moves on moves.workload = workloads.workload
        ) workloads on workloads.pool = machine_days.pool
        cross join lateral (
            select case when is_last and not is_first then moves else 0 end as moved_shares
        ) moved
        where (not is_runaway or workload = 'rl-sweep')
            and workloads.shares + moved_shares - wobble
                + noise('held|' || node || workload || day, 2 * wobble + 1) > 0;

        create or replace table pool_shares as
        with capacity as (
            select pool_key, day, sum(gpu_hours)::bigint as gpu_hours from machine_days group by all
        )
        select
            machine_shares.pool_key, machine_shares.day, team, project, environment, model_name, model_version,
            workload, workload_type,
            (sum(shares * machine_shares.gpu_hours) * 4 / any_value(capacity.gpu_hours))::decimal(18, 9)
                as exact_shares,
            exact_shares::integer as shares_of_256
        from machine_shares
        inner join capacity on capacity.pool_key = machine_shares.pool_key and capacity.day = machine_shares.day
        group by all;
    """)


def _create_buckets(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"""
        create or replace table bucket_days as
        select
            bucket_classes.* exclude (bucket, unit), cell, days.*, bucket as bucket_kind,
            case provider when 'azure' then bucket || case cell when 0 then '' else 'r' || (cell + 1) end
                else in_cell(bucket, cell) end as bucket,
            provider || '|bytes|' || cell || '|' || bucket || '|' || storage_class as pool_key,
            -- the one dataset that grew to twice the bucket overnight
            bucket = 'acme-media' and storage_class = 'standard' and cell = 0 and is_last
                and day_of_month >= {STORY.storage_spike_from} as is_spike,
            case when is_spike then 128 else 64 end as units,
            -- bytes grow by a thousandth a day, in quarters of a gigabyte: so that byte-hours are whole numbers
            (floor(unit::decimal(12, 2) * (1000 + day_no) * 0.004) * 0.25)::decimal(18, 5) as unit
        from bucket_classes cross join cells cross join days;

        create or replace table byte_shares as
        select
            bucket_days.provider, bucket_days.bucket, bucket_days.storage_class, pool_key, day, period, units, unit,
            month_hours, dataset, team, project, 'prod' as environment,
            byte_shares + case when is_spike and dataset = 'thumbnails' then 64 else 0 end as shares,
            (shares * 256 // units)::integer as shares_of_256
        from bucket_days
        inner join datasets on datasets.bucket = bucket_kind and datasets.storage_class = bucket_days.storage_class;

        create or replace table request_days as
        select
            bucket_requests.* exclude (bucket, unit), cell, days.*, bucket as bucket_kind,
            case provider when 'azure' then bucket || case cell when 0 then '' else 'r' || (cell + 1) end
                else in_cell(bucket, cell) end as bucket,
            provider || '|requests|' || cell || '|' || bucket as pool_key,
            (unit // 100) * (90 + noise('requests|' || bucket || meter || cell || day, 21)) as requests_a_share
        from bucket_requests cross join cells cross join days;

        create or replace table access_shares as
        with totals as (
            select provider, bucket, bucket_kind, pool_key, day, period, sum(requests_a_share)::bigint as unit
            from request_days group by all
        )
        select totals.*, request_shares.dataset, owners.team, owners.project, 'prod' as environment,
            shares, shares * 4 as shares_of_256
        from totals
        inner join request_shares on request_shares.bucket = bucket_kind
        inner join (select distinct bucket, dataset, team, project from datasets) owners
            on owners.bucket = bucket_kind and owners.dataset = request_shares.dataset;
    """)


def _create_tokens(connection: duckdb.DuckDBPyConnection, scale: Scale) -> None:
    """`token_use`: one row per caller, meter and billing interval; thousands of tokens, whole numbers."""
    width = 1 if scale.hourly else 24
    connection.execute(f"""
        create or replace table token_use as
        with intervals as (
            select days.*, 'aws' as provider, day + to_hours((range * {width})::integer) as start_at,
                {width} as hours, 24 // {width} as parts
            from days cross join range(24) where range < 24 // {width}
            union all by name
            select days.*, 'azure' as provider, day::timestamp as start_at, 24 as hours, 1 as parts from days
            union all by name
            -- Google bills by Pacific months: four windows a day from 01:00 UTC make the month boundary visible. The
            -- first belongs to the month before and is left out; the last month gains one on the following day.
            select days.* replace ((day + (range >= 4)::integer)::date as day), 'gcp' as provider,
                days.day + to_hours(1 + (range * 6)::integer) as start_at, 6 as hours, 4 as parts
            from days cross join range(5)
            where range < 4 and not (is_first and day_of_month = 1 and range = 0)
                or range = 4 and is_last and day_of_month = month_days
        )
        select
            token_users.* exclude (provider, account), token_users.account, cell, intervals.*,
            meter, direction, unit, unit_tokens, service, price::decimal(12, 7) as price,
            (price::decimal(12, 7) * case unit_tokens when 1000 then 1 else 0.001 end)::decimal(18, 10) as kilo_price,
            case when intervals.provider = 'gcp'
                then strftime(start_at - interval 7 hour, '%Y-%m') else period end as invoice_period,
            (kilo_tokens_a_day * token_meters.share // 100 // parts) as planned,
            (case dayofweek(start_at) when 0 then 45 when 6 then 55 else 92 end
                + noise(concat_ws('|', 'tokens', token_users.model, team, project, direction, cell, start_at), 17)
            ) as percent,
            case when token_users.model = 'gpt-5-mini' and team = 'research' and cell = 0 and is_last
                and day_of_month = {STORY.token_loop} then 24 else 1 end as loop_factor,
            greatest(1, planned * percent // 100) as usual_kilo_tokens,
            usual_kilo_tokens * loop_factor as kilo_tokens,
            coalesce(team, '') = 'research' and token_users.model = 'claude-sonnet-4.6' and cell = 0 and is_last
                and day_of_month between {STORY.lost_tags_from} and {STORY.lost_tags_to} as is_tag_lost,
            (kilo_tokens * kilo_price)::decimal(18, 10) as cost,
            (usual_kilo_tokens * kilo_price)::decimal(18, 10) as usual_cost
        from token_users
        inner join token_meters on token_meters.provider = token_users.provider
            and token_meters.model = token_users.model
        inner join intervals on intervals.provider = token_users.provider
        cross join cells;
    """)
