"""The rest of the sample company's AWS lines: buckets, CPU machines and network, notebooks, disks, fees.

They go into `aws_lines` of `aws_cur2.py`, which says what the columns mean.
"""

import duckdb

from finops_pipeline.sample.aws_cur2 import insert_lines
from finops_pipeline.sample.plan import STORY


def add_aws_buckets(connection: duckdb.DuckDBPyConnection) -> None:
    """Bytes by storage class and requests: the bucket has one owner's tag, the bytes inside have many owners."""
    insert_lines(
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
    insert_lines(
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


def add_aws_platform(connection: duckdb.DuckDBPyConnection) -> None:
    """CPU machines beside the GPU ones, and the network: some of it tagged, some not."""
    insert_lines(
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
    insert_lines(
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


def add_aws_notebooks(connection: duckdb.DuckDBPyConnection) -> None:
    """SageMaker notebooks; one large one is started in the last month and forgotten."""
    insert_lines(
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
    insert_lines(
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
    insert_lines(
        connection,
        """
        with bill as (
            select period, sum(billed) as billed from aws_lines group by all
        ), fees as (
            select * from (values
                ('Fee', 'AWSSupportEnterprise', 'AWS Support (Enterprise)', 'AWS Support fee', 0.03, 0.0, null,
                    'Usage', 'support'),
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
