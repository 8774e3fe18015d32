"""What a month's bill of 10 million hourly lines is made of: one row a meter, which is billed every hour or day.

A month has 744 hours, so hourly lines of one meter of one resource make 744 rows: 10 million are some 13,700 meters.
The goal names 10,000 workloads. They hold GPUs of 400 machines, in four clusters that meet the bill in three ways:

    meters  what
       960  240 AWS machines: the instance, its disk, its traffic out and in; all follow telemetry at the node
       300  100 Google machines: a line each for GPUs, cores and memory; telemetry at the node
        60  60 Azure machines in 6 scale sets; telemetry at the node pool, by the day
     1,200  requests on 150 buckets, by accesses of 6 datasets a bucket
       450  bytes of these buckets in 3 classes, billed by the day, by byte-hours
       400  tokens of 25 managed models; half of them have no owner and follow the tokens of 60 teams
       100  two shared services that call one another and 60 teams
       320  security of one account: overhead, by the cost that teams carry already
     1,004  by the month: support of 40 accounts (overhead), tax and credits (nobody's); by the hour what 4 savings
            plans did not use
    10,400  everything else in 40 accounts and 4 regions: machines, disks, traffic, databases, balancers, functions of
            60 teams and 400 projects. 16 of 17 carry tags; a twentieth is covered by the savings plans, 9 hours of 10

A smaller bill has fewer of all of these, workloads included, and as many hours.
"""

from collections.abc import Iterator

HOURS = 744
DELIVERY = "2026-11-02T04-12-43-237Z-58b06fcd-1287-4424-aa67-3277fee9919c-0efe109c6827"

_AWS = """
    'aws-payer' as source_name, 'aws' as provider, 'aws_cur2' as landed_table, '999988887777' as billing_account_id,
    printf('%012d', 111122220000 + i % 40) as sub_account_id, 'account-' || i % 40 as sub_account_name,
    ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1'][1 + i % 4] as region_id
"""
_GCP = """
    'gcp-main' as source_name, 'gcp' as provider, 'gcp_detailed' as landed_table,
    '01AB23-CD45EF-678901' as billing_account_id, 'acme-train' as sub_account_id, 'acme-train' as sub_account_name,
    'us-central1' as region_id
"""
_AZURE = """
    'azure-ea' as source_name, 'azure' as provider, 'azure_cost_details' as landed_table,
    '8611537' as billing_account_id, 'b01bfeb5-3d54-4b7a-ac6e-cc18bf326dde' as sub_account_id, 'ml' as sub_account_name,
    'westeurope' as region_id
"""
_PLAN = "'arn:aws:savingsplans::111122223333:savingsplan/' || i % 4"


def some(number: int, share: float) -> int:
    """That share of a number, and never nothing."""
    return max(1, round(number * share))


def owned(who: str, unless: str = "false") -> str:
    """The owner columns that the tags of number `who` give, unless there are no tags."""
    return f"""
        case when not ({unless}) then 'team-' || {who} % 60 end as team,
        case when not ({unless}) then 'project-' || {who} % 400 end as project,
        case when not ({unless}) then ['prod', 'dev', 'test'][1 + {who} % 3] end as environment,
        case when not ({unless}) then 'cc-' || {who} % 20 end as cost_center
    """


def _kind(service: str, category: str, layer: str, unit: str, price: int | str, meter: str) -> str:
    """What a meter measures; `price` is an hour's, in millionths."""
    return f"""
        {service} as service_name, {category} as service_category, {layer} as cost_layer, '{unit}' as pricing_unit,
        {price} as price, {meter} as sku_meter
    """


def _gpu_machine(machine: str, name: str, cluster: str, pool: str, model: str, gpu_hours: str) -> str:
    return f"""
        {machine} as resource_id, {name} as resource_name, 'Instance' as resource_type, {cluster} as cluster,
        {pool} as node_pool, {model} as gpu_model, {gpu_hours} as gpu_hours_each, 'on_demand' as capacity_type,
        true as is_cluster_machine
    """


def meters(share: float) -> Iterator[str]:
    """Queries of one row a meter, with the columns that all its lines have in common."""

    def rows(number: int) -> str:
        return f"from range({some(number, share)}) as meters (i)"

    yield from _machines(rows)
    yield from _buckets(rows, some(150, share))
    token = "['Input', 'Output', 'CacheRead', 'CacheWrite'][1 + i // 25 % 4]"
    tokens = _kind("'Amazon Bedrock'", "'AI and Machine Learning'", "'model_usage'", "1000000 Tokens", 700_000, token)
    yield f"""
        select {_AWS}, {tokens}, 'model-' || i % 25 as model_id, {token} as token_direction,
            {owned("i", unless="i % 2 = 1")} {rows(400)}
    """
    for account, number, service, category, price in (
        ("gateway", 60, "'Amazon API Gateway'", "'Compute'", 500_000),
        ("search", 40, "'Amazon OpenSearch Service'", "'Compute'", 500_000),
        ("security", 320, "'Security service ' || i % 8", "'Security'", 40_000),
    ):
        kind = _kind(service, category, "'governance'", "Hours", price, "'meter-' || i % 12")
        yield f"""
            select * replace ('{account}' as sub_account_id, '{account}' as sub_account_name)
            from (select {_AWS}, {kind}, '{account}-' || i as resource_id {rows(number)})
        """
    support = _kind("'AWS Support'", "'Management and Governance'", "'governance'", "Units", 30_000_000, "'Dollar'")
    yield f"select {_AWS}, {support}, {HOURS} as hours_a_line from range(40) as meters (i)"
    for charge, price in (("Tax", 9_000_000), ("Credit", -4_000_000)):
        kind = _kind("'Service ' || i % 12", "'Other'", "'other'", "Units", price, f"'{charge}'")
        yield f"select {_AWS}, {kind}, '{charge}' as charge_category, {HOURS} as hours_a_line {rows(480)}"
    unused = _kind("'Savings Plans for AWS Compute usage'", "'Compute'", "'compute'", "Hours", 2_000_000, "'ComputeSP'")
    yield f"""
        select {_AWS}, {unused}, {_PLAN} as resource_id, {_PLAN} as commitment_discount_id,
            'Unused' as commitment_discount_status, 'Committed' as pricing_category from range(4) as meters (i)
    """
    names = "['Elastic Compute Cloud', 'Elastic Block Store', 'Data Transfer', 'RDS', 'Load Balancing', 'Lambda']"
    kinds = "['Compute', 'Storage', 'Networking', 'Databases', 'Networking', 'Compute'][1 + i % 6]"
    other = _kind(
        f"{names}[1 + i % 6]", kinds, f"lower({kinds})", "Hours", "100000 + i % 1000 * 100", "'Usage-' || i % 90"
    )
    yield f"""
        select {_AWS}, {other}, 'r-' || substr(md5('other' || i), 1, 17) as resource_id, 'other' as resource_type,
            i % 6 = 0 and i % 10 < 3 as is_covered, {_PLAN} as plan_id,
            {owned("(i // 2)", unless="i % 17 = 0")} {rows(10_400)}
    """


def _machines(rows) -> Iterator[str]:
    node = "'i-' || substr(md5('node' || i), 1, 17)"
    gpus = _gpu_machine(node, node, "['eks-train', 'eks-serve'][1 + i % 2]", "'h100'", "'H100'", "8")
    ec2 = "'Amazon Elastic Compute Cloud'"
    for service, columns in (
        (("'Compute'", "'compute'", "Hours", 98_320_000, "'BoxUsage:p5.48xlarge'"), gpus),
        (
            ("'Storage'", "'storage'", "GB-Months", 110_000, "'EBS:VolumeUsage.gp3'"),
            f"'vol-' || i as resource_id, 'Volume' as resource_type, {node} as attached_machine",
        ),
        (("'Networking'", "'networking'", "GB", 90_000, "'DataTransfer-Out-Bytes'"), f"{node} as resource_id"),
        (("'Networking'", "'networking'", "GB", 20_000, "'DataTransfer-In-Bytes'"), f"{node} as resource_id"),
    ):
        yield f"select {_AWS}, {_kind(ec2, *service)}, {columns}, {owned('1')} {rows(240)}"
    for sku, unit, model, gpu_hours, price in (
        ("H100 GPU", "Hours", "'H100'", "8", 60_000_000),
        ("A3 Core", "Hours", "cast(null as varchar)", "cast(null as integer)", 6_000_000),
        ("A3 Ram", "GiB-Hours", "cast(null as varchar)", "cast(null as integer)", 4_000_000),
    ):
        path = "'//compute.googleapis.com/projects/acme-train/zones/a/instances/' || hash(i)"
        machine = _gpu_machine(path, "'gke-train-' || i", "'gke-train'", "'h100'", model, gpu_hours)
        kind = _kind("'Compute Engine'", "'Compute'", "'compute'", unit, price, f"'{sku}'")
        yield f"select {_GCP}, {kind}, {machine} {rows(100)}"
    name = "'aks-' || i % 6 || '-vmss'"
    machine = _gpu_machine(f"'/subscriptions/b01b/{{}}/' || {name}", name, "'aks-serve'", name, "'A100-80GB'", "8")
    kind = _kind("'Virtual Machines'", "'Compute'", "'compute'", "Hours", 32_770_000, "'ND96amsr A100 v4'")
    yield f"select {_AZURE}, {kind}, {machine} {rows(60)}"


def _buckets(rows, buckets: int) -> Iterator[str]:
    bucket = f"'bucket-' || i % {buckets}"
    s3 = ("'Amazon Simple Storage Service'", "'Storage'", "'storage'")
    requests = _kind(*s3, "Requests", 900, f"'Requests-Tier' || i // {buckets}")
    yield f"""
        select {_AWS}, {requests}, {bucket} as bucket, {bucket} as resource_id, 'standard' as storage_class,
            'requests' as storage_measure {rows(1_200)}
    """
    stored = _kind(*s3, "GB-Months", 4_000_000, "'TimedStorage-ByteHrs'")
    yield f"""
        select {_AWS}, {stored}, {bucket} as bucket, {bucket} as resource_id,
            ['standard', 'infrequent', 'archive'][1 + i // {buckets}] as storage_class,
            'bytes' as storage_measure, 1e12 as byte_hours_each, 24 as hours_a_line {rows(450)}
    """
