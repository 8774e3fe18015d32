{%- set types = {} -%}
{%- for name, column in landed_columns(source('raw', 'gcp_detailed')).items() -%}
    {%- do types.update({name: column.type}) -%}
{%- endfor -%}

-- Fields of a record are read with a dot, which the linter takes for a table's columns.
-- noqa: disable=RF03
with

delivered_rows as (

    select
        *,
        {{ entries_to_map('project.labels') }} as x_project_labels,
        {{ entries_to_map('tags') }} as x_tags,
        {{ entries_to_map('labels') }} as x_labels,
        {{ entries_to_map('system_labels') }} as x_system_labels

    from {{ landed(source('raw', 'gcp_detailed')) }}

),

renamed as (

    select
        {{- staged_gcp_row_columns(types, has_resources=true) }}

    from delivered_rows

)

select * from renamed
