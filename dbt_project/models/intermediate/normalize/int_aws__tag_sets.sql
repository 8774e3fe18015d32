{{ config(materialized='table') }}
{#- A table: a map is dear to write and to compare, and thousands of lines have the same. Distinct as delivered, then
    made a map. -#}
{%- set columns_of = {} -%}

with
{% for table in ['aws_cur2', 'aws_cur1'] %}
{%- set is_legacy = table == 'aws_cur1' %}
{%- set rows = landed_to_map(source('raw', table)) %}
{%- do columns_of.update({table: landed_columns(rows)}) %}
{%- set columns = delivered_aws_tag_columns(columns_of[table], is_legacy) %}
{{ table }}_delivered as (

    select distinct
        x_source_name as source_name,
        x_billing_period as billing_period,
        {{ columns | join(',\n        ') }}

    from {{ rows }}

),
{% endfor %}
tag_sets as (
{% for table in ['aws_cur2', 'aws_cur1'] %}
{%- set is_legacy = table == 'aws_cur1' %}
{%- set delivered = columns_of[table] %}
    select
        {{ fingerprint(delivered_aws_tag_columns(delivered, is_legacy)) }} as tags_id,
        {{ delivered_aws_tags(delivered, is_legacy) }} as tags
    from {{ table }}_delivered
    where {{ is_of_months(months_to_map()) }}
    {{ 'union' if not loop.last }}
{% endfor %}
)

select * from tag_sets
