with

metrics as (

    select * from {{ landed(source('raw', 'metrics')) }}

),

defined as (

    select
        metric,
        quantity as quantity_metric,
        unit,
        owner,
        description,
        basis,
        split,
        {%- for column in metric_selection_columns() %}
        selected_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from metrics

)

select * from defined
