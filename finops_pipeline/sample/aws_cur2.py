"""The sample company's AWS bill: lines of a CUR 2.0 export, planned line by line with the owner each one has.

`aws_lines` holds what AWS would bill (wire fields) beside what is true about it (billed, effective, route to the
owner). Here are machines, the savings plan and tokens; the rest is `aws_services.py`. How the lines become Parquet
files with a manifest is `aws_delivery.py`.
"""

import duckdb

from finops_pipeline.sample.plan import create_table

ACCOUNTS = (
    ("ml-training", 111122223333),
    ("ml-serving", 222233334444),
    ("ml-data", 33344445555),  # twelve digits on the wire: the first is a zero
    ("ml-lab", 444455556666),
)

COMMITMENT_PER_HOUR = "140.0"
"""The compute savings plan of each training cluster: four p5 machines use 137.60 of it when all four run."""

_LINES = """
create or replace table aws_lines (
    line_key varchar, period varchar, usage_start timestamp, usage_end timestamp, account varchar, cell integer,
    line_type varchar, billing_entity varchar default 'AWS', legal_entity varchar default 'Amazon Web Services, Inc.',
    product_code varchar, product_name varchar, product_family varchar, usage_type varchar, operation varchar,
    description varchar, resource_id varchar, zone varchar, region varchar default 'us-east-1',
    instance_type varchar, gpus integer, cores integer, ram integer,
    amount decimal(28, 10), unit varchar, rate varchar, list_rate varchar, cost decimal(18, 10),
    tags map(varchar, varchar), tax_type varchar,
    plan_arn varchar, plan_effective decimal(18, 10), plan_rate decimal(18, 10), plan_total decimal(18, 10),
    plan_used decimal(18, 10),
    first_factor decimal(3, 1) default 1.0,
    category varchar, route varchar, pool_key varchar, team varchar, project varchar, environment varchar,
    reason varchar, model varchar, billed decimal(18, 10), effective decimal(18, 10),
    anomaly varchar, anomaly_amount decimal(18, 10)
)
"""


def build_aws_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `aws_lines` with machines, the savings plan and tokens; `aws_services.py` adds the rest."""
    create_table(connection, "aws_accounts", ("account", "account_number"), ACCOUNTS)
    connection.execute("""
        create or replace macro aws_account_id(number, cell) as lpad((number + cell)::varchar, 12, '0');
        create or replace macro plan_arn(cell) as 'arn:aws:savingsplans::' || aws_account_id(111122223333, cell)
            || ':savingsplan/' || guid_of('savings plan' || cell);
        -- user tags keep their key behind a prefix, with the characters SQL dislikes replaced
        create or replace macro aws_tags(team, project, environment, others) as map_from_entries(list_sort(list_concat(
            list_transform(owner_tags(team, project, environment),
                lambda tag: {'k': 'user_' || replace(tag.key, '-', '_'), 'v': tag.value}),
            list_filter(others, lambda other: other.v is not null)
        )));
    """)
    connection.execute(_LINES)
    _add_machines(connection)
    _add_savings_plan(connection)
    _add_tokens(connection)


def insert_lines(connection: duckdb.DuckDBPyConnection, select: str) -> None:
    """Append planned lines; columns are matched by name."""
    connection.execute(f"insert into aws_lines by name {select}")


def _add_machines(connection: duckdb.DuckDBPyConnection) -> None:
    insert_lines(
        connection,
        """
        with running as (
            select machine_days.*, slot_hour, slot_hours,
                least(slot_hour + slot_hours, run_hours) - slot_hour as hours,
                case capacity_type
                    when 'spot' then price::decimal(12, 6) + noise('price|' || pool || cell || machine_days.day, 3000)
                        * 0.0001
                    else price::decimal(12, 6)
                end::decimal(12, 6) as hour_price
            from machine_days inner join slots on slots.day = machine_days.day
            where provider = 'aws' and slot_hour < run_hours
        )
        select
            concat_ws('|', 'machine', node, day, slot_hour) as line_key, period,
            day + to_hours(slot_hour::integer) as usage_start,
            day + to_hours((slot_hour + slot_hours)::integer) as usage_end,
            account, cell,
            case capacity_type when 'reserved' then 'SavingsPlanCoveredUsage' else 'Usage' end as line_type,
            'AmazonEC2' as product_code, 'Amazon Elastic Compute Cloud' as product_name,
            'Compute Instance' as product_family,
            case capacity_type when 'spot' then 'SpotUsage:' else 'BoxUsage:' end || machine as usage_type,
            case capacity_type when 'spot' then 'RunInstances:SV006' else 'RunInstances' end as operation,
            case capacity_type when 'spot' then machine || ' Linux/UNIX Spot Instance-hour in US East (N. Virginia)'
                else '$' || rtrim(hour_price::varchar, '0') || ' per On Demand Linux ' || machine || ' Instance Hour'
            end as description,
            instance as resource_id, 'us-east-1' || substr('abcd', node_no + 1, 1) as zone, machine as instance_type,
            gpus, cores, ram, hours as amount, 'Hrs' as unit, rtrim(hour_price::varchar, '0') as rate,
            case capacity_type when 'spot' then (select price from pools as listed where listed.pool = 'aws-serve') end
                as list_rate,
            hours * hour_price as cost,
            -- the platform team runs the machines; the GPU-hours inside belong to others
            aws_tags('platform', 'clusters', 'prod', [
                {'k': 'aws_eks_cluster_name', 'v': cluster}, {'k': 'user_eks_nodegroup_name', 'v': node_pool}
            ]) as tags,
            case capacity_type when 'reserved' then plan_arn(cell) end as plan_arn,
            case capacity_type when 'reserved' then hours * committed_price::decimal(12, 6) end as plan_effective,
            case capacity_type when 'reserved' then committed_price::decimal(12, 6) end as plan_rate,
            'Usage' as category, 'gpu' as route, pool_key,
            case capacity_type when 'reserved' then 0 else hours * hour_price end as billed,
            case capacity_type when 'reserved' then hours * committed_price::decimal(12, 6)
                else hours * hour_price end as effective
        from running
    """,
    )


def _add_savings_plan(connection: duckdb.DuckDBPyConnection) -> None:
    """The negation of what the plan covered, and the plan's fee with what of it was used."""
    insert_lines(
        connection,
        """
        select
            concat_ws('|', 'negation', cell, usage_start) as line_key, period, usage_start, usage_end, account, cell,
            'SavingsPlanNegation' as line_type, 'AmazonEC2' as product_code,
            'Amazon Elastic Compute Cloud' as product_name, 'Compute Instance' as product_family,
            any_value(usage_type) as usage_type, 'RunInstances' as operation,
            'SavingsPlanNegation used by AccountId : ' || aws_account_id(111122223333, cell) || ' and UsageSku : '
                || upper(hex_of('sku|' || any_value(usage_type), 16)) as description,
            any_value(instance_type) as instance_type, sum(amount) as amount, 'Hrs' as unit, any_value(rate) as rate,
            -sum(cost) as cost, plan_arn, 'Usage' as category, 'negation' as route, 0 as billed, 0 as effective
        from aws_lines where line_type = 'SavingsPlanCoveredUsage'
        group by period, usage_start, usage_end, account, cell, plan_arn
    """,
    )
    insert_lines(
        connection,
        f"""
        with used as (
            select cell, usage_start, sum(plan_effective) as plan_used from aws_lines
            where line_type = 'SavingsPlanCoveredUsage' group by all
        ), due as (
            select *, day + to_hours(slot_hour::integer) as usage_start,
                (slot_hours * {COMMITMENT_PER_HOUR})::decimal(18, 10) as fee
            from slots cross join cells
        )
        select
            concat_ws('|', 'plan', due.cell, due.usage_start) as line_key, period, due.usage_start,
            due.usage_start + to_hours(slot_hours::integer) as usage_end, 'ml-training' as account, due.cell,
            'SavingsPlanRecurringFee' as line_type, 'ComputeSavingsPlans' as product_code,
            'Savings Plans for AWS Compute usage' as product_name, 'ComputeSP:1yrNoUpfront' as usage_type,
            '1 year No Upfront Compute Savings Plan' as description, plan_arn(due.cell) as resource_id,
            null as region, slot_hours as amount, 'Hrs' as unit, '{COMMITMENT_PER_HOUR}' as rate, fee as cost,
            plan_arn(due.cell) as plan_arn, fee as plan_total, coalesce(plan_used, 0) as plan_used,
            'Purchase' as category, 'plan fee' as route, 'commitment fee' as reason,
            fee as billed, fee - coalesce(plan_used, 0) as effective
        from due left join used on used.cell = due.cell and used.usage_start = due.usage_start
    """,
    )


def _add_tokens(connection: duckdb.DuckDBPyConnection) -> None:
    insert_lines(
        connection,
        """
        select
            concat_ws('|', 'tokens', model, token_use.account, team, project, meter, cell, start_at) as line_key,
            period,
            start_at as usage_start, start_at + to_hours(hours::integer) as usage_end, token_use.account, cell,
            'Usage' as line_type,
            case service when 'marketplace' then 'AWS Marketplace' else 'AWS' end as billing_entity,
            case service when 'marketplace' then 'Anthropic, PBC' else 'Amazon Web Services, Inc.' end as legal_entity,
            case service when 'marketplace' then hex_of('offer|' || model, 25) else service end as product_code,
            case service when 'marketplace' then 'Claude Opus 4.6 (Amazon Bedrock Edition)'
                else 'Amazon Bedrock' end as product_name,
            meter as usage_type, case service when 'marketplace' then 'Usage' else 'InvokeModelInference' end
                as operation,
            case service when 'marketplace'
                then 'AWS Marketplace software usage|us-east-1|Million '
                    || case direction when 'input' then 'Input' else 'Output' end || ' Tokens'
                else '$' || rtrim(price::varchar, '0') || ' per ' || unit || ' for ' || meter end as description,
            case when team is null
                then 'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-6-v1:0'
                else 'arn:aws:bedrock:us-east-1:' || aws_account_id(account_number, cell)
                    || ':application-inference-profile/' || hex_of(concat_ws('|', model, team, project, cell), 12)
            end as resource_id,
            case unit_tokens when 1000 then kilo_tokens::decimal(18, 3) else kilo_tokens * 0.001 end as amount, unit,
            rtrim(price::varchar, '0') as rate, cost,
            -- the deployment of the 20th recreated a profile without its tags
            case when is_tag_lost then aws_tags(null, null, null, []) else aws_tags(team, project, environment, [])
            end as tags,
            -- the first delivery closes before the last two days' tokens are all counted
            case when is_first and is_tail then 0.5 else 1.0 end as first_factor,
            'Usage' as category,
            case when team is null or is_tag_lost then 'none' else 'owner' end as route,
            case when not is_tag_lost then team end as team, case when not is_tag_lost then project end as project,
            case when not is_tag_lost then environment end as environment,
            case when team is null or is_tag_lost then 'untagged' end as reason, model,
            cost as billed, cost as effective,
            case when is_tag_lost then 'lost_tags' end as anomaly, case when is_tag_lost then cost end as anomaly_amount
        from token_use inner join aws_accounts on aws_accounts.account = token_use.account
        where provider = 'aws'
    """,
    )
