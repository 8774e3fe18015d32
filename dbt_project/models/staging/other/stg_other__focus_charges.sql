{%- set rows = landed_to_map(source('raw', 'other_focus')) -%}
{%- set delivered = landed_columns(rows) -%}

with

delivered_charges as (

    select
        {{ delivered_focus_texts(delivered) }}

    from {{ rows }}

),

renamed as (

    select
        {{- staged_focus_columns(delivered) }},
        {{ delivered_map(delivered, 'tags') }} as tags

    from delivered_charges

)

select * from renamed
