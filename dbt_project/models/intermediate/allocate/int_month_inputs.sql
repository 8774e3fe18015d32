-- What the months of the ledger and of the marts are made from, and what of it has changed since they were:
-- deliveries, files of telemetry, exchange rates, which month is open, and the side files that some kept tables are
-- also made from (config `side_file`): about no month, but about all of such a table. One row per input with the
-- calendar months it is about and, of these, the ones in which it can decide what others pay (`deciding_months`). An
-- input that is gone is here with the months it was about. months_to_make.sql says which months that asks for;
-- months_made.sql where everything counts as changed.
{{ config(post_hook="{{ forget_changed_months() }}") }}
{%- set intervals = ['gpu_hours', 'gpu_capacity', 'compute_hours', 'inference', 'tokens'] %}
{%- set days = ['storage_bytes', 'storage_access', 'jobs', 'api_calls', 'driver', 'business_metric'] %}
{#- the table of each, and what of an entry it tells: another owner of a tag has no cost summed up otherwise, a metric
    that nobody counts none -#}
{%- set limits = 'case when entries.max_values is not null then (entries.tag_key, entries.max_values) end' %}
{%- set counted = '(entries, entries.quantity in (select metric from ' ~ ref('stg_usage__business_metric') ~ '))' %}
{%- set side_files = {
    'budgets': ('budgets', 'entries'), 'tag_policy': ('tag_policy', 'entries'), 'tag_limits': ('tag_policy', limits),
    'metrics': ('metrics', counted),
} %}
{%- set made_with = made_with() %}
-- depends_on: {{ ref('int_charges_attributed_to_owners') }}
-- depends_on: {{ ref('stg_deliveries') }}

with noted as (

    select * from {{ months_kept() }}

),

-- bills that are what they were: their months are known, and theirs are most of the charges
unchanged_bills as (
    {% if made_with %}
    select
        mapped.source_name,
        mapped.billing_period,
        noted.months,
        noted.deciding_months
    from {{ months_mapped() }} as mapped
    inner join noted
        on
            noted.input = 'bill ' || mapped.source_name || ' ' || mapped.billing_period
            and mapped.made_from = noted.digest
    {% else %}
    select
        cast(null as string) as source_name,
        cast(null as string) as billing_period,
        cast(null as string[]) as months,
        cast(null as string[]) as deciding_months
    where false
    {% endif %}
),

charge_months as (

    select
        charges.source_name,
        charges.billing_period,
        {{ month_of('charges.charge_date') }} as month,
        -- paid hours and bytes say how much of a machine or bucket was idle, and what ran in a month is looked back at;
        -- a correction of anything else concerns itself alone
        bool_or(
            charges.is_cluster_machine or charges.bucket is not null or charges.capacity_type is not null
            or (charges.charge_category = 'Usage' and charges.charge_class is distinct from 'Correction')
        ) as is_deciding
    from {{ ref('int_charges_attributed_to_owners') }} as charges
    where
        (charges.source_name, charges.billing_period) not in (
            select (unchanged_bills.source_name, unchanged_bills.billing_period) from unchanged_bills
        )
        and {{ is_of_bills_not_kept() }}
    group by all
    union all
    select
        unchanged_bills.source_name,
        unchanged_bills.billing_period,
        months.month,
        list_contains(unchanged_bills.deciding_months, months.month) as is_deciding
    from unchanged_bills
    cross join unnest(unchanged_bills.months) as months (month)
    union all
    -- charges for a whole month take their driver over it, whatever their day; and a bill may tell of pods
    select distinct
        source_name,
        billing_period,
        billing_period as month,
        true as is_deciding
    from {{ ref('stg_deliveries') }}
    where provider <> 'usage'

),

bills as (

    select
        'bill ' || charge_months.source_name || ' ' || charge_months.billing_period as input,
        charge_months.billing_period,
        {% if made_with %}coalesce(any_value(mapped.made_from), '?'){% else %}'?'{% endif %} as digest,
        list(distinct charge_months.month) as months,
        list(distinct charge_months.month) filter (where charge_months.is_deciding) as deciding_months
    from charge_months
    {%- if made_with %}
    left join {{ months_mapped() }} as mapped
        on
            charge_months.source_name = mapped.source_name
            and charge_months.billing_period = mapped.billing_period
    {%- endif %}
    group by
        charge_months.source_name,
        charge_months.billing_period

),

-- Training runs are not among them: what is made of them is made whole, because a run may last for months.
telemetry as (
    {% for kind in intervals + days %}
    select
        {{ text_literal(kind) }} as kind,
        source_name,
        delivery_id,
        cast(min({{ 'usage_start' if kind in intervals else 'usage_date' }}) as date) as first_day,
        cast(max({{ 'usage_end - interval 1 microsecond' if kind in intervals else 'usage_date' }}) as date) as last_day
    from {{ ref('stg_usage__' ~ kind) }}
    group by
        source_name,
        delivery_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

feeds as (

    select
        concat_ws(' ', 'feed', telemetry.kind, telemetry.source_name, telemetry.delivery_id) as input,
        cast(null as string) as billing_period,
        concat_ws('/', deliveries.identity, deliveries.row_count, {{ text_literal(made_with) }}) as digest,
        list_transform(
            generate_series(
                date_trunc('month', telemetry.first_day), date_trunc('month', telemetry.last_day), interval 1 month
            ),
            lambda first_day: {{ month_of('first_day') }}
        ) as months,
        months as deciding_months
    from telemetry
    inner join {{ ref('stg_deliveries') }} as deliveries
        on
            telemetry.kind = deliveries.table_name
            and telemetry.source_name = deliveries.source_name
            and telemetry.delivery_id = deliveries.delivery_id

),

rates as (

    select
        'rates of ' || {{ month_of('day') }} as input,
        cast(null as string) as billing_period,
        md5(string_agg(
            concat_ws('/', from_currency, day, rate, rate_date, source), ' ' order by from_currency, day
        )) as digest,
        [{{ month_of('day') }}] as months,
        -- nobody pays otherwise, but every amount of a period that reaches into the month is shown otherwise
        months as deciding_months
    from {{ exchange_rates() }}
    group by {{ month_of('day') }}

),

-- what is not over yet is provisional
open_month as (

    select
        'open month' as input,
        cast(null as string) as billing_period,
        {{ open_billing_period() }} as digest,
        coalesce(list(distinct month), []) as months,
        months as deciding_months
    from charge_months
    where billing_period >= {{ open_billing_period() }}

),

side_files as (
    {% for side_file, (table, facts) in side_files.items() %}
    select
        {{ text_literal('side file ' ~ side_file) }} as input,
        cast(null as string) as billing_period,
        coalesce(md5(string_agg(cast({{ facts }} as string), ' ' order by cast({{ facts }} as string))), 'empty')
        as digest,
        cast([] as string[]) as months,
        months as deciding_months
    from {{ landed(source('raw', table)) }} as entries -- noqa: AL05
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

inputs as (

    select * from bills
    union all
    select * from feeds
    union all
    select * from rates
    union all
    select * from open_month
    union all
    select * from side_files

)

select
    coalesce(inputs.input, noted.input) as input,
    coalesce(inputs.billing_period, noted.billing_period) as billing_period,
    inputs.digest,
    list_distinct(list_concat(inputs.months, noted.months)) as months,
    list_distinct(list_concat(inputs.deciding_months, noted.deciding_months)) as deciding_months,
    inputs.input is null or noted.input is null or inputs.digest <> noted.digest as is_changed
from inputs
full outer join noted
    on inputs.input = noted.input
