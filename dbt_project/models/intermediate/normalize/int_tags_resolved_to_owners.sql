{{ config(materialized='table') }}
{#- A table: a bill has millions of lines and thousands of different tag maps; each map is resolved once. -#}
{%- set owner_columns = tag_owner_columns() -%}
{%- set machine_columns = ['cluster', 'node_pool', 'machine'] -%}

with

charges as (

    select * from {{ ref('int_charges_unioned') }}

),

owner_keys as (

    select * from {{ landed(source('raw', 'owner_keys')) }}

),

tag_maps as (

    select tags
    from charges
    union
    select tags
    from {{ ref('int_aws__split_rows') }}

),

tag_entries as (

    select
        tag_maps.tags,
        entries.entry.key as tag_key,
        trim(entries.entry.value) as tag_value

    from tag_maps
    cross join unnest(map_entries(tag_maps.tags)) as entries (entry)

),

-- A key is tried with and without its provider's prefix, so that a rule may name either.
candidate_keys as (

    select
        tags,
        tag_key,
        tag_value,
        {{ normalized_tag_key('tag_key') }} as normalized_key
    from tag_entries

    union

    select
        tags,
        tag_key,
        tag_value,
        {{ normalized_tag_key('tag_key', with_prefix=false) }} as normalized_key
    from tag_entries

),

deciding_keys as (

    select
        candidate_keys.tags,
        candidate_keys.tag_key,
        candidate_keys.tag_value,
        owner_keys.consumer_column

    from candidate_keys
    inner join owner_keys
        on candidate_keys.normalized_key = owner_keys.tag_key
    where
        candidate_keys.tag_value != ''
        -- Google's names for what no namespace has: nobody's
        and candidate_keys.tag_value not like 'kube:%'
        and candidate_keys.tag_value not like 'goog-k8s-un%'
    qualify row_number() over (
        partition by candidate_keys.tags, owner_keys.consumer_column
        order by owner_keys.priority, candidate_keys.tag_key
    ) = 1

),

resolved as (

    select
        tags,
        {% for column in owner_columns + machine_columns %}
        max(case when consumer_column = '{{ column }}' then tag_value end) as {{ column }},
        {% endfor %}
        -- The key that named the most telling owner: the team, else the project, and so on.
        coalesce(
            {% for column in owner_columns %}
            max(case when consumer_column = '{{ column }}' then 'tag:' || tag_key end){{ ',' if not loop.last }}
            {% endfor %}
        ) as owner_source

    from deciding_keys
    group by tags

)

select * from resolved
