with

alternatives as (

    select * from {{ landed(source('raw', 'model_alternatives')) }}

),

model_alternatives as (

    select
        model_name,
        api_model_name,
        cost_per_1k_inferences,
        billing_currency

    from alternatives

)

select * from model_alternatives
