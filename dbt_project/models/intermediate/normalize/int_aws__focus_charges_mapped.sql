{{ config(materialized='table') }}
with

delivered_charges as (

    select * from {{ ref('stg_aws__focus_charges') }}

),

mapped as (

    select
        {{- mapped_focus_charge_columns(
            'aws',
            own={
                'service_key': 'coalesce(x_service_code, service_name)',
                'meter_text': 'coalesce(x_usage_type, sku_meter, charge_description)',
                'bucket': "case when x_service_code = 'AmazonS3' then " ~ aws_bucket_of('resource_id') ~ " end",
            },
        ) }}

    from delivered_charges

)

select * from mapped
where {{ is_of_months(months_to_map()) }}
