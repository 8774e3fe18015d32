"""The sample company's AWS bill: lines of a CUR 2.0 export, planned line by line with the owner each one has.

`aws_lines` holds what AWS would bill (wire fields) beside what is true about it (billed, effective, route to the
owner). How the lines become Parquet files with a manifest is `aws_delivery.py`.
"""

import duckdb

from finops_pipeline.sample.plan import STORY, create_table

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
    amount decimal(28, 10), unit varchar, rate varchar, cost decimal(18, 10),
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
    """Create `aws_lines` and the lines of everything but disks."""
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
    _add_buckets(connection)
    _add_platform(connection)
    _add_notebooks(connection)


def _insert(connection: duckdb.DuckDBPyConnection, select: str) -> None:
    connection.execute(f"insert into aws_lines by name {select}")


def _add_machines(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
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
    _insert(
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
    _insert(
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
    _insert(
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


def _add_buckets(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        """
        select
            concat_ws('|', 'bytes', bucket, storage_class, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, account, cell, 'Usage' as line_type, 'AmazonS3' as product_code,
            'Amazon Simple Storage Service' as product_name, 'Storage' as product_family, meter as usage_type,
            case storage_class when 'standard' then 'StandardStorage' when 'infrequent' then 'StandardIAStorage'
                else 'GlacierStorage' end as operation,
            '$' || price || ' per GB - storage' as description, bucket as resource_id,
            units * unit as amount, 'GB-Mo' as unit, price as rate, units * unit * price::decimal(9, 4) as cost,
            aws_tags(tag_team, case when tag_team is not null then 'lake' end, case when tag_team is not null
                then 'prod' end, []) as tags,
            'Usage' as category, 'shares' as route, pool_key, cost as billed, cost as effective
        from bucket_days where provider = 'aws'
    """,
    )
    _insert(
        connection,
        """
        select
            concat_ws('|', 'requests', bucket, meter, request_days.day) as line_key, period,
            request_days.day as usage_start, request_days.day + interval 1 day as usage_end,
            owners.account, cell, 'Usage' as line_type, 'AmazonS3' as product_code,
            'Amazon Simple Storage Service' as product_name, 'API Request' as product_family, meter as usage_type,
            operation, '$' || price || ' per request' as description, bucket as resource_id,
            64 * requests_a_share as amount, 'Requests' as unit, price as rate,
            64 * requests_a_share * price::decimal(12, 9) as cost,
            aws_tags(owners.tag_team, case when owners.tag_team is not null then 'lake' end,
                case when owners.tag_team is not null then 'prod' end, []) as tags,
            'Usage' as category, 'shares' as route, pool_key, cost as billed, cost as effective
        from request_days
        inner join (select bucket as bucket_kind, any_value(account) as account, any_value(tag_team) as tag_team
            from bucket_classes group by all) owners on owners.bucket_kind = request_days.bucket_kind
        where provider = 'aws'
    """,
    )


def _add_platform(connection: duckdb.DuckDBPyConnection) -> None:
    """CPU machines beside the GPU ones, and the network: some of it tagged, some not."""
    _insert(
        connection,
        """
        select
            concat_ws('|', 'cpu', cell, node_no, slots.day, slot_hour) as line_key, period,
            day + to_hours(slot_hour::integer) as usage_start,
            day + to_hours((slot_hour + slot_hours)::integer) as usage_end, 'ml-serving' as account, cell,
            'Usage' as line_type, 'AmazonEC2' as product_code, 'Amazon Elastic Compute Cloud' as product_name,
            'Compute Instance' as product_family, 'BoxUsage:m6i.4xlarge' as usage_type, 'RunInstances' as operation,
            '$0.768 per On Demand Linux m6i.4xlarge Instance Hour' as description,
            'i-0' || hex_of('cpu' || cell || '|' || node_no, 16) as resource_id, 'us-east-1a' as zone,
            'm6i.4xlarge' as instance_type, 16 as cores, 64 as ram, slot_hours as amount, 'Hrs' as unit,
            '0.768' as rate, slot_hours * 0.768 as cost,
            aws_tags(case when node_no < 3 then 'platform' end, case when node_no < 3 then 'clusters' end,
                case when node_no < 3 then 'prod' end,
                [{'k': 'aws_eks_cluster_name', 'v': in_cell('eks-serve-use1', cell)}]) as tags,
            'Usage' as category, case when node_no < 3 then 'owner' else 'none' end as route,
            case when node_no < 3 then 'platform' end as team, case when node_no < 3 then 'clusters' end as project,
            case when node_no < 3 then 'prod' end as environment,
            case when node_no >= 3 then 'untagged' end as reason, cost as billed, cost as effective
        from slots cross join cells cross join range(5) node_numbers(node_no)
    """,
    )
    _insert(
        connection,
        """
        with flows as (
            select * from (values
                ('DataTransfer-Out-Bytes', 'AWSDataTransfer', 'AWS Data Transfer', 1900, 0.09, false),
                ('NatGateway-Bytes', 'AmazonEC2', 'Amazon Elastic Compute Cloud', 1600, 0.045, true),
                ('USE1-USW2-AWS-Out-Bytes', 'AWSDataTransfer', 'AWS Data Transfer', 1500, 0.02, false)
            ) flows(usage_type, product_code, product_name, gigabytes, price, is_tagged)
        )
        select
            concat_ws('|', 'network', usage_type, cell, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, 'ml-serving' as account, cell, 'Usage' as line_type, product_code,
            product_name, 'Data Transfer' as product_family, usage_type,
            case when is_tagged then 'NatGateway' else 'RunInstances' end as operation,
            '$' || price || ' per GB' as description,
            case when is_tagged then 'arn:aws:ec2:us-east-1:' || aws_account_id(222233334444, cell)
                || ':natgateway/nat-0' || hex_of('nat' || cell, 16) end as resource_id,
            gigabytes * (90 + noise('network|' || usage_type || cell || day, 21)) * 0.01 as amount, 'GB' as unit,
            price::varchar as rate, amount * price as cost,
            case when is_tagged then aws_tags('platform', 'network', 'prod', []) else aws_tags(null, null, null, [])
            end as tags,
            'Usage' as category, case when is_tagged then 'owner' else 'none' end as route,
            case when is_tagged then 'platform' end as team, case when is_tagged then 'network' end as project,
            case when is_tagged then 'prod' end as environment,
            case when not is_tagged then 'untagged' end as reason, cost as billed, cost as effective
        from days cross join cells cross join flows
    """,
    )


def _add_notebooks(connection: duckdb.DuckDBPyConnection) -> None:
    """SageMaker notebooks; one large one is started in the last month and forgotten."""
    _insert(
        connection,
        f"""
        with notebooks as (
            select * from (values
                ('scratchpad', 'ml.t3.xlarge', 0.2, 9, 'research', 'exploration', 'dev'),
                ('summit-demo', 'ml.g5.12xlarge', 7.09, 24, 'assistant', 'helpdesk', 'dev')
            ) notebooks(notebook, machine, price, hours, team, project, environment)
        )
        select
            concat_ws('|', 'notebook', notebook, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, 'ml-lab' as account, 0 as cell, 'Usage' as line_type,
            'AmazonSageMaker' as product_code, 'Amazon SageMaker' as product_name, 'ML Instance' as product_family,
            'USE1-Notebk:' || machine as usage_type, 'RunInstance' as operation,
            '$' || price || ' per Hour for Notebook ' || machine || ' in US East (N. Virginia)' as description,
            'arn:aws:sagemaker:us-east-1:444455556666:notebook-instance/' || notebook as resource_id,
            machine as instance_type, hours as amount, 'Hrs' as unit, price::varchar as rate, hours * price as cost,
            aws_tags(team, project, environment, []) as tags, 'Usage' as category, 'owner' as route, team, project,
            environment, cost as billed, cost as effective,
            case notebook when 'summit-demo' then 'forgotten_notebook' end as anomaly,
            case notebook when 'summit-demo' then cost end as anomaly_amount
        from days cross join notebooks
        where notebook = 'scratchpad' or is_last and day_of_month >= {STORY.notebook_from}
    """,
    )


def add_aws_volumes(connection: duckdb.DuckDBPyConnection, volumes: int) -> None:
    """EBS volumes, a line a day each: what most lines of a large bill are."""
    _insert(
        connection,
        f"""
        select
            concat_ws('|', 'volume', volume, day) as line_key, period, day as usage_start,
            day + interval 1 day as usage_end, 'ml-serving' as account, volume % cell_count as cell,
            'Usage' as line_type, 'AmazonEC2' as product_code, 'Amazon Elastic Compute Cloud' as product_name,
            'Storage' as product_family, 'EBS:VolumeUsage.gp3' as usage_type, 'CreateVolume-Gp3' as operation,
            '$0.08 per GB-month of General Purpose (gp3) provisioned storage - US East (N. Virginia)' as description,
            'vol-0' || hex_of('volume' || volume, 16) as resource_id,
            -- a day of 100 to 1000 GB, as a part of the month, at the scale AWS prints
            (100 * (1 + volume % 10) * case month_days when 30 then 0.033333 else 0.032258 end)::decimal(18, 6)
                as amount,
            'GB-Mo' as unit, '0.08' as rate, amount * 0.08 as cost,
            aws_tags(team, project, environment, []) as tags, 'Usage' as category,
            case when team is null then 'none' else 'owner' end as route, team, project, environment,
            case when team is null then 'untagged' end as reason, cost as billed, cost as effective
        from range({int(volumes)}) volumes(volume)
        cross join (select count(*) as cell_count from cells) sizes
        cross join days
        inner join volume_owners on owner_no = volume % 8
    """,
    )


def add_aws_fees(connection: duckdb.DuckDBPyConnection) -> None:
    """Support, tax, credit and refund: lines of the whole month, without a resource. Call it last: some follow cost."""
    _insert(
        connection,
        """
        with bill as (
            select period, sum(billed) as billed from aws_lines group by all
        ), fees as (
            select * from (values
                ('Fee', 'AWSSupportEnterprise', 'AWS Support (Enterprise)', 'AWS Support fee', 0.03, 0.0, null,
                    'Purchase', 'support'),
                ('Tax', 'AmazonEC2', 'Amazon Elastic Compute Cloud', 'Tax for product code AmazonEC2', 0.011, 0.0,
                    'USSalesTax', 'Tax', 'tax'),
                ('Tax', 'AmazonBedrock', 'Amazon Bedrock', 'Tax for product code AmazonBedrock', 0.002, 0.0,
                    'USSalesTax', 'Tax', 'tax'),
                ('Credit', 'AmazonEC2', 'Amazon Elastic Compute Cloud', 'AWS Migration Acceleration Program credit',
                    0.0, -7500.25, null, 'Credit', 'credit'),
                ('Refund', 'AmazonS3', 'Amazon Simple Storage Service', 'Refund for service event of last month',
                    0.0, -312.4, null, 'Usage', 'refund')
            ) fees(line_type, product_code, product_name, description, share, fixed, tax_type, category, reason)
        )
        select
            concat_ws('|', 'fee', line_type, product_code, periods.period) as line_key, periods.period,
            month_start as usage_start, next_month_start - interval 1 second as usage_end, null as account, 0 as cell,
            line_type, product_code, product_name, description,
            case line_type when 'Fee' then 'Dollar' when 'Refund' then 'TimedStorage-ByteHrs' end as usage_type,
            null as region, 1 as amount, round(bill.billed * share, 2) + fixed as cost, tax_type,
            aws_tags(null, null, null, []) as tags, category, 'none' as route, reason, cost as billed,
            cost as effective,
            -- support is charged some days after the month ended
            case when line_type = 'Fee' and is_first then null else 1.0 end as first_factor
        from fees cross join periods
        inner join bill on bill.period = periods.period
    """,
    )
