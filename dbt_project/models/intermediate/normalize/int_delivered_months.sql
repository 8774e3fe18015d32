-- One row per source and billing period that is delivered, with `made_from`, a digest of all that its charges are
-- mapped from: the live deliveries, the columns their table has by now (a file of other types changes how others are
-- read), and what a run names for everything else. `is_kept`: the warehouse has the charges mapped from just that.
-- `shapes`: the landed tables that it came in, each with a digest of the columns that its files have together.
--
-- Nothing is kept where anything else may have changed, which only a run can know (FINOPS_MADE_WITH: its project, code,
-- rules, configuration and engines), where all is to be built anew (FINOPS_REBUILD), and while capacity is prepaid,
-- because that is spread over the days of later months. A table, because ten models ask for it.
{{ config(materialized='table') }}
{%- set shapes = shapes_of_landed_tables(ref('stg_deliveries')) %}
{#- a case needs a branch, also where nothing is delivered yet -#}
{%- set shape -%}
    case table_name when '' then ''
        {%- for table, shape in shapes.items() %}
        when '{{ table }}' then '{{ shape }}'
        {%- endfor %}
    end
{%- endset %}
{%- set mapped = months_mapped_before() %}

with

deliveries as (

    select * from {{ ref('stg_deliveries') }}
    where provider <> 'usage'

),

delivered as (

    select
        source_name,
        billing_period,
        md5(string_agg(
            concat_ws(
                '/', source_name, billing_period, table_name, variant, delivery_id, identity, row_count,
                {{ shape }}, {{ text_literal(made_with()) }}
            ),
            ' ' order by table_name, variant, delivery_id
        )) as made_from,
        list(distinct table_name || ' ' || {{ shape }}) as shapes
    from deliveries
    group by
        source_name,
        billing_period

)

select
    source_name,
    billing_period,
    made_from,
    shapes,
    (select count(*) from {{ ref('stg_prepayments') }}) = 0
    and {{ 'made_from in (select made_from from ' ~ mapped ~ ')' if mapped else 'false' }} as is_kept
from delivered
