"""The sample company's Azure bill: cost details of an enterprise agreement, planned with the owner each row has.

`azure_lines` holds a row once, with its cost in the actual and in the amortized export and whether it stands in each.
How the rows become compressed CSV files with a manifest is `azure_delivery.py`.
"""

import duckdb

from finops_pipeline.sample.plan import STORY

RAISED_PRICE = "4.114"
"""What an NC24ads A100 v4 hour costs from the price change on; before it is the pool's price."""

_LINES = """
create or replace table azure_lines (
    line_key varchar, period varchar, day date, subscription varchar, cell integer,
    product varchar, service_family varchar, meter_category varchar, meter_subcategory varchar,
    meter_region varchar default 'EU West', meter_name varchar,
    quantity decimal(28, 10), price decimal(18, 10), amortized_price decimal(18, 10), list_price decimal(18, 10),
    actual_cost decimal(18, 10), amortized_cost decimal(18, 10),
    location varchar default 'westeurope', consumed_service varchar, resource_group varchar, resource_path varchar,
    resource_name varchar, additional_info varchar, tags struct(key varchar, value varchar)[], unit varchar,
    reservation varchar, term varchar, charge_type varchar default 'Usage', frequency varchar default 'UsageBased',
    pricing_model varchar default 'OnDemand', first_factor decimal(3, 1) default 1.0,
    category varchar default 'Usage', route varchar, pool_key varchar, team varchar, project varchar,
    environment varchar, reason varchar, model varchar, anomaly varchar, anomaly_amount decimal(18, 10)
)
"""


def build_azure_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `azure_lines` and the rows of everything but disks and rounding. A null cost: not in that export."""
    connection.execute("""
        create or replace macro azure_tags(team, project, environment) as list_transform(
            owner_tags(team, project, environment),
            lambda tag: {'key': upper(tag.key[1]) || tag.key[2:], 'value': tag.value}
        );
        create or replace macro reservation_path(cell) as '/providers/Microsoft.Capacity/reservationOrders/'
            || guid_of('order' || cell) || '/reservations/' || guid_of('reservation' || cell);
    """)
    connection.execute(_LINES)
    _add_machines(connection)
    _add_reservation(connection)
    _add_cpu_machines(connection)
    _add_tokens(connection)
    _add_buckets(connection)
    _add_platform(connection)


def _insert(connection: duckdb.DuckDBPyConnection, select: str) -> None:
    connection.execute(f"insert into azure_lines by name {select}")


def _add_machines(connection: duckdb.DuckDBPyConnection) -> None:
    """GPU scale sets: one row a machine and day. Reserved hours cost 0 in the actual export."""
    _insert(
        connection,
        f"""
        with priced as (
            select *,
                case when pool = 'azure-serve' and is_last and day_of_month >= {STORY.price_change_from}
                    then {RAISED_PRICE} else machine_days.price::decimal(12, 6) end::decimal(12, 6) as hour_price,
                capacity_type = 'reserved' as is_reserved,
                replace(replace(machine, 'Standard_', ''), '_', ' ') as size,
                case gpu_model when 'H100' then 'NDsr H100 v5 Series' else 'NCads A100 v4 Series' end as series
            from machine_days where provider = 'azure'
        )
        select
            concat_ws('|', 'machine', cluster, instance, day) as line_key, period, day, account as subscription, cell,
            'Virtual Machines ' || series || ' - ' || size || ' - EU West' as product,
            'Compute' as service_family, 'Virtual Machines' as meter_category,
            series as meter_subcategory, size || case capacity_type when 'spot' then ' Spot' else '' end as meter_name,
            run_hours as quantity, case when is_reserved then 0 else hour_price end as price,
            case when is_reserved then committed_price::decimal(12, 6) else hour_price end as amortized_price,
            hour_price as list_price, case when is_reserved then 0 else run_hours * hour_price end as actual_cost,
            run_hours * amortized_price as amortized_cost, 'Microsoft.Compute' as consumed_service,
            'MC_rg-ai_' || cluster || '_westeurope' as resource_group,
            'Microsoft.Compute/virtualMachineScaleSets/' || node_pool as resource_path, node_pool as resource_name,
            '{{"UsageType":"ComputeHR","ImageType":"Canonical","ServiceType":"' || machine || '","VMName":"' || instance
                || '","VMProperties":"Microsoft.AKS.Compute.AKS.Linux.Billing","VCPUs":' || cores
                || ',"ConsumedQuantity":' || run_hours || '.0'
                || case when is_reserved then ',"ReservationOrderId":"' || guid_of('order' || cell)
                    || '","ReservationId":"' || guid_of('reservation' || cell) || '","RINormalizationRatio":1.0'
                    else '' end || '}}' as additional_info,
            list_concat(
                [{{'key': 'aks-managed-cluster-name', 'value': cluster}},
                 {{'key': 'aks-managed-orchestrator', 'value': 'Kubernetes:1.33.2'}},
                 {{'key': 'aks-managed-poolName', 'value': split_part(node_pool, '-', 2)}}],
                azure_tags('platform', 'clusters', 'prod')
            ) as tags,
            '1 Hour' as unit, case when is_reserved then reservation_path(cell) end as reservation,
            case when is_reserved then '12' end as term,
            case capacity_type when 'reserved' then 'Reservation' when 'spot' then 'Spot' else 'OnDemand' end
                as pricing_model,
            'gpu' as route, pool_key,
            case when hour_price = {RAISED_PRICE} then 'price_change' end as anomaly,
            case when hour_price = {RAISED_PRICE} then run_hours * (hour_price - priced.price::decimal(12, 6)) end
                as anomaly_amount
        from priced
    """,
    )


def _add_reservation(connection: duckdb.DuckDBPyConnection) -> None:
    """The reservation's monthly instalment (actual only) and the hours nobody used of it (amortized only)."""
    _insert(
        connection,
        """
        with reserved as (
            select pool, account, machine, nodes, committed_price::decimal(12, 6) as rate from pools
            where pool = 'azure-train'
        ), common as (
            select reserved.*, cell, reservation_path(cell) as reservation, '12' as term,
                'Reserved VM Instance, ' || machine || ', EU West, 1 Year' as product, 'Compute' as service_family,
                'Virtual Machines' as meter_category, 'NDsr H100 v5 Series' as meter_subcategory,
                'ND96isr H100 v5' as meter_name, 'Microsoft.Capacity' as consumed_service, '1 Hour' as unit,
                'Reservation' as pricing_model
            from reserved cross join cells
        )
        select common.* exclude (pool, account, machine, nodes, rate), concat_ws('|', 'instalment', cell, period)
                as line_key, period,
            month_start as day, account as subscription, nodes as quantity, rate * 730 as price,
            rate * 730 as list_price, nodes * rate * 730 as actual_cost, null as amortized_cost,
            'Purchase' as charge_type, 'Recurring' as frequency, 'Purchase' as category, 'none' as route,
            'commitment fee' as reason
        from common cross join periods
    """,
    )
    _insert(
        connection,
        """
        with reserved as (
            select pool, machine, nodes, committed_price::decimal(12, 6) as rate from pools where pool = 'azure-train'
        ), used as (
            select cell, day, sum(run_hours) as hours from machine_days where pool = 'azure-train' group by all
        )
        select concat_ws('|', 'unused', cells.cell, days.day) as line_key, period, days.day, cells.cell,
            reservation_path(cells.cell) as reservation, '12' as term,
            'Reserved VM Instance, ' || machine || ', EU West, 1 Year' as product, 'Compute' as service_family,
            'Virtual Machines' as meter_category, 'NDsr H100 v5 Series' as meter_subcategory,
            'ND96isr H100 v5' as meter_name, 'Microsoft.Capacity' as consumed_service, '1 Hour' as unit,
            'Reservation' as pricing_model, nodes * 24 - coalesce(hours, 0) as quantity, 0 as price,
            rate as amortized_price, rate as list_price, null as actual_cost, quantity * rate as amortized_cost,
            'UnusedReservation' as charge_type, 'unused' as route
        from reserved cross join cells cross join days
        left join used on used.cell = cells.cell and used.day = days.day
        where nodes * 24 > coalesce(hours, 0)
    """,
    )


def _add_cpu_machines(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        """
        select
            concat_ws('|', 'cpu', cell, node_no, day) as line_key, period, day, 'sub-serving' as subscription, cell,
            'Virtual Machines Ddsv5 Series - D8ds v5 - EU West' as product, 'Compute' as service_family,
            'Virtual Machines' as meter_category, 'Ddsv5 Series' as meter_subcategory, 'D8ds v5' as meter_name,
            24 as quantity, 0.552 as price, 0.552 as amortized_price, 0.552 as list_price,
            24 * 0.552 as actual_cost, 24 * 0.552 as amortized_cost, 'Microsoft.Compute' as consumed_service,
            'MC_rg-ai_' || in_cell('aks-serve-weu', cell) || '_westeurope' as resource_group,
            'Microsoft.Compute/virtualMachineScaleSets/aks-system-14142135-vmss' as resource_path,
            'aks-system-14142135-vmss' as resource_name,
            '{"UsageType":"ComputeHR","ImageType":"Canonical","ServiceType":"Standard_D8ds_v5","VMName":'
                || '"aks-system-14142135-vmss_' || node_no || '","VCPUs":8,"ConsumedQuantity":24.0}' as additional_info,
            list_concat([{'key': 'aks-managed-cluster-name', 'value': in_cell('aks-serve-weu', cell)}],
                azure_tags(case when node_no < 2 then 'platform' end, case when node_no < 2 then 'clusters' end,
                    case when node_no < 2 then 'prod' end)) as tags,
            '1 Hour' as unit, case when node_no < 2 then 'owner' else 'none' end as route,
            case when node_no < 2 then 'platform' end as team, case when node_no < 2 then 'clusters' end as project,
            case when node_no < 2 then 'prod' end as environment, case when node_no >= 2 then 'untagged' end as reason
        from days cross join cells cross join range(3) node_numbers(node_no)
    """,
    )


def _add_tokens(connection: duckdb.DuckDBPyConnection) -> None:
    """Azure OpenAI: direction and deployment stand in the meter's name only, units are 1K or 1M tokens."""
    _insert(
        connection,
        """
        select
            concat_ws('|', 'tokens', model, account, team, project, meter, cell, day) as line_key, period, day,
            account as subscription, cell, 'Azure OpenAI - ' || meter || ' - EU West' as product,
            'AI + Machine Learning' as service_family,
            case service when 'Azure OpenAI' then 'Cognitive Services' else 'Foundry Models' end as meter_category,
            service as meter_subcategory, meter as meter_name,
            case unit_tokens when 1000 then kilo_tokens::decimal(18, 3) else kilo_tokens * 0.001 end as quantity,
            token_use.price, token_use.price as amortized_price, token_use.price as list_price, cost as actual_cost,
            cost as amortized_cost, 'Microsoft.CognitiveServices' as consumed_service, 'rg-openai' as resource_group,
            'Microsoft.CognitiveServices/accounts/oai-' || team || '-weu' as resource_path,
            'oai-' || team || '-weu' as resource_name, azure_tags(team, token_use.project, environment) as tags, unit,
            -- the first run closes before the last two days' tokens are all counted
            case when is_first and is_tail then 0.5 else 1.0 end as first_factor,
            'owner' as route, team, token_use.project, environment, model,
            case when loop_factor > 1 then 'agent_loop' end as anomaly,
            case when loop_factor > 1 then cost - usual_cost end as anomaly_amount
        from token_use where provider = 'azure'
    """,
    )


def _add_buckets(connection: duckdb.DuckDBPyConnection) -> None:
    """A storage account stands for a bucket: the bill does not name containers."""
    _insert(
        connection,
        """
        with held as (select * rename (unit as share_unit, price as unit_price) from bucket_days)
        select
            concat_ws('|', 'bytes', bucket, storage_class, day) as line_key, period, day, account as subscription, cell,
            'Tiered Block Blob - ' || meter || ' - EU West' as product, 'Storage' as service_family,
            'Storage' as meter_category, 'Tiered Block Blob' as meter_subcategory, meter as meter_name,
            units * share_unit as quantity, unit_price::decimal(9, 4) as price, price as amortized_price,
            price as list_price, quantity * price as actual_cost, actual_cost as amortized_cost,
            'Microsoft.Storage' as consumed_service, 'rg-data' as resource_group,
            'Microsoft.Storage/storageAccounts/' || bucket as resource_path, bucket as resource_name,
            azure_tags(tag_team, case when tag_team is not null then 'lake' end,
                case when tag_team is not null then 'prod' end) as tags,
            '1 GB/Month' as unit, 'shares' as route, pool_key
        from held where provider = 'azure'
    """,
    )
    _insert(
        connection,
        """
        with asked as (
            select request_days.* rename (price as request_price), owners.account, owners.tag_team
            from request_days
            inner join (select bucket as owned, any_value(account) as account, any_value(tag_team) as tag_team
                from bucket_classes group by all) owners on owned = bucket_kind
            where provider = 'azure'
        )
        select
            concat_ws('|', 'requests', bucket, meter, day) as line_key, period, day, account as subscription, cell,
            'Tiered Block Blob - ' || meter || ' - EU West' as product, 'Storage' as service_family,
            'Storage' as meter_category, 'Tiered Block Blob' as meter_subcategory, meter as meter_name,
            64 * requests_a_share * 0.0001 as quantity, request_price::decimal(12, 9) * 10000 as price,
            price as amortized_price, price as list_price,
            64 * requests_a_share * request_price::decimal(12, 9) as actual_cost, actual_cost as amortized_cost,
            'Microsoft.Storage' as consumed_service, 'rg-data' as resource_group,
            'Microsoft.Storage/storageAccounts/' || bucket as resource_path, bucket as resource_name,
            azure_tags(tag_team, case when tag_team is not null then 'lake' end,
                case when tag_team is not null then 'prod' end) as tags,
            '10K' as unit, 'shares' as route, pool_key
        from asked
    """,
    )


def _add_platform(connection: duckdb.DuckDBPyConnection) -> None:
    _insert(
        connection,
        """
        with meters as (
            select * from (values
                ('Bandwidth', 'Rtn Preference: MGN', 'Standard Data Transfer Out', '1 GB', 'Networking',
                    'Microsoft.Network/loadBalancers/kubernetes', 1300, 0.087, false),
                ('Log Analytics', 'Analytics Logs', 'Analytics Logs Data Ingestion', '1 GB',
                    'Management and Governance', 'Microsoft.OperationalInsights/workspaces/law-ai-weu', 45, 2.76, true)
            ) meters(meter_category, meter_subcategory, meter_name, unit, service_family, resource_path, gigabytes,
                unit_price, is_tagged)
        )
        select
            concat_ws('|', 'platform', meter_category, cell, day) as line_key, period, day,
            'sub-serving' as subscription, cell, meter_category || ' - ' || meter_name || ' - EU West' as product,
            service_family, meter_category, meter_subcategory, meter_name,
            gigabytes * (90 + noise('network|' || meter_name || cell || day, 21)) * 0.01 as quantity,
            unit_price as price, unit_price as amortized_price, unit_price as list_price,
            quantity * unit_price as actual_cost, actual_cost as amortized_cost,
            split_part(resource_path, '/', 1) as consumed_service, 'rg-platform' as resource_group, resource_path,
            split_part(resource_path, '/', 3) as resource_name,
            case when is_tagged then azure_tags('platform', 'observability', 'prod') else azure_tags(null, null, null)
            end as tags, unit, case when is_tagged then 'owner' else 'none' end as route,
            case when is_tagged then 'platform' end as team, case when is_tagged then 'observability' end as project,
            case when is_tagged then 'prod' end as environment, case when not is_tagged then 'untagged' end as reason
        from days cross join cells cross join meters
    """,
    )


def add_azure_volumes(connection: duckdb.DuckDBPyConnection, volumes: int) -> None:
    """Managed disks, a row a day each."""
    _insert(
        connection,
        f"""
        select
            concat_ws('|', 'volume', volume, day) as line_key, period, day, 'sub-serving' as subscription,
            volume % cell_count as cell, 'Premium SSD Managed Disks - P10 LRS Disk - EU West' as product,
            'Storage' as service_family, 'Storage' as meter_category, 'Premium SSD Managed Disks' as meter_subcategory,
            'P10 LRS Disk' as meter_name, case month_days when 30 then 0.033333 else 0.032258 end as quantity,
            21.68 as price, 21.68 as amortized_price, 21.68 as list_price, quantity * 21.68 as actual_cost,
            actual_cost as amortized_cost, 'Microsoft.Compute' as consumed_service, 'rg-disks' as resource_group,
            'Microsoft.Compute/disks/pvc-' || guid_of('azure disk' || volume) as resource_path,
            'pvc-' || guid_of('azure disk' || volume) as resource_name, azure_tags(team, project, environment) as tags,
            '1/Month' as unit, case when team is null then 'none' else 'owner' end as route, team, project,
            environment, case when team is null then 'untagged' end as reason
        from range({int(volumes)}) volumes(volume)
        cross join (select count(*) as cell_count from cells) sizes
        cross join days
        inner join volume_owners on owner_no = volume % 8
    """,
    )


def add_azure_rounding(connection: duckdb.DuckDBPyConnection) -> None:
    """The invoice's rounding: a row without a subscription that both exports have, from the second run on."""
    _insert(
        connection,
        """
        select
            concat_ws('|', 'rounding', period) as line_key, period, next_month_start - 1 as day,
            'RoundingAdjustment' as product, null as meter_region, null as location, 1 as quantity, 0.0037 as price,
            0.0037 as amortized_price, 0.0037 as list_price, 0.0037 as actual_cost, 0.0037 as amortized_cost,
            azure_tags(null, null, null) as tags, 'RoundingAdjustment' as charge_type, 'OneTime' as frequency,
            case when is_first then null else 1.0 end as first_factor, 'Adjustment' as category, 'none' as route,
            'adjustment' as reason, 0 as cell
        from periods
    """,
    )
