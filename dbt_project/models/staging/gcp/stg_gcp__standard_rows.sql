{%- set rows = landed_to_map(source('raw', 'gcp_standard')) -%}
{%- set types = {} -%}
{%- for name, column in landed_columns(rows).items() -%}
    {%- do types.update({name: column.type}) -%}
{%- endfor -%}

-- Fields of a record are read with a dot, which the linter takes for a table's columns.
-- noqa: disable=RF03
with

delivered_rows as (

    select * from {{ rows }}

),

label_maps as (

    {{ merged_gcp_labels(rows) }}

),

labelled_rows as (

    select
        delivered_rows.*,
        label_maps.merged_tags

    from delivered_rows
    left join label_maps
        on
            delivered_rows.x_billing_period = label_maps.billing_period
            and delivered_rows.labels is not distinct from label_maps.labels
            and delivered_rows.tags is not distinct from label_maps.tags
            and delivered_rows.project.labels is not distinct from label_maps.project_labels
            and delivered_rows.system_labels is not distinct from label_maps.system_labels

),

renamed as (

    select
        {{- staged_gcp_row_columns(types, has_resources=false) }}

    from labelled_rows

)

select * from renamed
