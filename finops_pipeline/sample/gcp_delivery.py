"""How the sample company's Google Cloud rows are delivered: dumps of the detailed export's table.

The dumps lie flat in one folder and are together the table: Parquet for most of it, each invoice month dumped by
itself, compressed JSON Lines for the last days, plain JSON Lines for rows of all months that came late. What the rows
say is `gcp_detailed.py`.
"""

from pathlib import Path

import duckdb

from finops_pipeline.sample.company import GCP_BILLING_ACCOUNT
from finops_pipeline.sample.files import count, gzip_file, quoted

TABLE = "gcp_billing_export_resource_v1_" + GCP_BILLING_ACCOUNT.replace("-", "_")
ROWS_PER_FILE = 250_000
_JSON_FROM_DAY = 22
"""From this day of the last month on, rows are dumped as JSON Lines."""


def _row(numeric: str, instant: str) -> str:
    """The export's columns, nested as BigQuery nests them; the arguments say how two types are written."""

    def at(column: str) -> str:
        return instant.format(column)

    def exact(expression: str) -> str:
        return f"({expression})::decimal(38, 9)::{numeric}"

    no_pairs = "[]::struct(key varchar, value varchar)[]"
    return f"""
        '{GCP_BILLING_ACCOUNT}' as billing_account_id,
        {{'id': service_id, 'description': service}} as service,
        {{'id': upper(substr(md5(sku), 1, 4) || '-' || substr(md5(sku), 5, 4) || '-' || substr(md5(sku), 9, 4)),
          'description': sku}} as sku,
        {at("usage_start")} as usage_start_time,
        {at("usage_end")} as usage_end_time,
        -- a record without a value is null, as support and tax have no project
        case when project is not null then {{
            'id': project,
            'number': ('0x' || substr(md5(project), 1, 10))::bigint::varchar,
            'name': project,
            'labels': [{{'key': 'managed-by', 'value': 'terraform'}}],
            'ancestry_numbers': '/54643501348/102938475610/',
            'ancestors': [
                {{'resource_name': 'projects/' || ('0x' || substr(md5(project), 1, 10))::bigint::varchar,
                  'display_name': project}},
                {{'resource_name': 'organizations/54643501348', 'display_name': 'acme.example'}}
            ]
        }} end as project,
        coalesce(labels, {no_pairs}) as labels,
        coalesce(system_labels, {no_pairs}) as system_labels,
        case when region is not null then
            {{'location': coalesce(zone, region), 'country': 'US', 'region': region, 'zone': zone}}
        end as location,
        case when project is null
            then []::struct(key varchar, value varchar, inherited boolean, namespace varchar)[]
            else [{{'key': 'cost-boundary', 'value': 'ai', 'inherited': true, 'namespace': '54643501348'}}]
        end as tags,
        case when resource_name is not null then {{'name': resource_name, 'global_name': global_name}} end as resource,
        null::struct(instance_id varchar) as subscription,
        case when price is not null then {{
            'list_price': {exact("price")},
            'effective_price_default': {exact("price")},
            'list_price_consumption_model': {exact("price")},
            'effective_price': {exact("price")},
            'tier_start_amount': {exact("0")},
            'unit': price_unit,
            'pricing_unit_quantity': {exact("price_quantity")}
        }} end as price,
        case when cost_type = 'regular' then 'GOOGLE' end as transaction_type,
        case when cost_type = 'regular' then 'Google' end as seller_name,
        {at("export_time")} as export_time,
        to_double(cost) as cost,
        'USD' as currency,
        1.0::double as currency_conversion_rate,
        to_double(cost) as cost_at_list,
        {exact("cost")} as cost_at_effective_price_default,
        {exact("cost")} as cost_at_list_consumption_model,
        case when unit is not null then
            {{'amount': to_double(amount), 'unit': unit, 'amount_in_pricing_units': to_double(pricing_amount),
              'pricing_unit': pricing_unit}}
        end as usage,
        list_filter([
            {{'id': 'SUD-' || substr(md5(sku), 1, 8), 'full_name': 'Sustained usage discount',
              'type': 'SUSTAINED_USAGE_DISCOUNT', 'name': 'Sustained Usage Discount',
              'amount': case when sustained_use <> 0 then to_double(sustained_use) end}},
            {{'id': 'ai-startups-2026', 'full_name': 'Google for Startups Cloud Program', 'type': 'PROMOTION',
              'name': 'Google for Startups Cloud Program',
              'amount': case when promotion <> 0 then to_double(promotion) end}}
        ], lambda credit: credit.amount is not null) as credits,
        case when adjustment_id is not null then
            {{'id': adjustment_id, 'description': adjustment, 'mode': adjustment_mode, 'type': adjustment_type}}
        end as adjustment_info,
        {{'month': replace(period, '-', ''), 'publisher_type': 'GOOGLE'}} as invoice,
        cost_type,
        case when cost_type = 'regular' then {{'id': '7754-699E-0EBF', 'description': 'Default'}} end
            as consumption_model
    """


def write_table(connection: duckdb.DuckDBPyConnection, folder: Path) -> tuple[int, int]:
    """Write the table's dumps into `folder`; returns rows and files."""
    folder.mkdir(parents=True, exist_ok=True)
    connection.execute(f"""
        create or replace table gcp_numbered as
        with segmented as (
            select gcp_lines.*,
                case
                    when adjustment_mode is not null or service in ('Support', 'Invoice') then 'late'
                    when usage_start >= month_start + interval {_JSON_FROM_DAY - 1} day then 'recent'
                    else 'main'
                end as segment
            from gcp_lines cross join (select month_start from periods where is_last) last_month
        )
        select *, row_number() over (
            partition by segment, case when segment = 'main' then period end order by usage_start, line_key
        ) - 1 as line_no
        from segmented
    """)
    months = connection.execute(
        "select period, count(*) from gcp_numbered where segment = 'main' group by period order by period"
    ).fetchall()
    dumps = [(month, first) for month, rows in months for first in range(0, rows, ROWS_PER_FILE)]
    row = _row("decimal(38, 9)", "{}")
    for number, (month, first) in enumerate(dumps):
        connection.execute(f"""
            copy (
                select {row} from gcp_numbered
                where segment = 'main' and period = '{month}'
                    and line_no between {first} and {first + ROWS_PER_FILE - 1}
                order by line_no
            ) to {quoted(folder / f"{number:012d}.parquet")} (format parquet, compression snappy)
        """)
    recent = folder / f"{len(dumps):012d}.jsonl"
    _write_json_lines(connection, "recent", recent)
    gzip_file(recent, recent.with_name(recent.name + ".gz"))
    _write_json_lines(connection, "late", folder / f"{len(dumps) + 1:012d}.jsonl")
    return count(connection, "gcp_numbered"), len(dumps) + 2


def _write_json_lines(connection: duckdb.DuckDBPyConnection, segment: str, path: Path) -> None:
    # BigQuery leaves nulls out, writes NUMERIC as text and instants with their zone. Merging a document into an
    # empty one drops its nulls. The JSON text itself is written as a CSV of one column that is never quoted.
    row = _row("varchar", "strftime({}, '%Y-%m-%d %H:%M:%S UTC')")
    connection.execute(f"""
        copy (
            with exported as (select line_no, {row} from gcp_numbered where segment = '{segment}')
            select
                json_merge_patch(json_merge_patch('{{}}'::json, to_json(exported)), '{{"line_no": null}}')::varchar
            from exported order by line_no
        ) to {quoted(path)} (format csv, header false, delimiter '\x01', quote '', escape '')
    """)
