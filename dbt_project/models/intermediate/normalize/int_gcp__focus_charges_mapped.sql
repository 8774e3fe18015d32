{{ config(materialized='table') }}
with

delivered_charges as (

    select * from {{ ref('stg_gcp__focus_charges') }}

),

mapped as (

    select
        {{- mapped_focus_charge_columns(
            'gcp',
            own={
                'service_key': vertex_service_key('service_name'),
                'meter_text': 'trim(coalesce(charge_description, sku_meter))',
                'bucket': "case when service_name = 'Cloud Storage' then " ~ last_path_segment('resource_id') ~ " end",
                'cluster': "tags['goog-k8s-cluster-name']",
                'node_pool': "tags['goog-k8s-node-pool-name']",
                'instance_type': "tags['compute.googleapis.com/machine_spec']",
            },
        ) }}

    from delivered_charges

)

select * from mapped
where {{ is_of_months(months_to_map()) }}
