{%- set delivered = landed_columns(source('raw', 'other_focus')) -%}

with

delivered_charges as (

    select * from {{ landed(source('raw', 'other_focus')) }}

),

renamed as (

    select
        {{- staged_focus_columns(delivered) }},
        {{ delivered_map(delivered, 'tags') }} as tags

    from delivered_charges

)

select * from renamed
