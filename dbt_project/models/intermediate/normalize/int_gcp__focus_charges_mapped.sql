{{ config(materialized='table') }}
with

delivered_charges as (

    select * from {{ ref('stg_gcp__focus_charges') }}

),

mapped as (

    -- Google's view ends a month with its last day, FOCUS with the first instant that is not in it.
    select
        {{- mapped_focus_charge_columns(
            'gcp',
            own={
                'billing_period_end': 'case when billing_period_end < billing_period_start + interval 1 month'
                    ~ ' - interval 12 hour then billing_period_end + interval 1 day else billing_period_end end',
                'service_key': vertex_service_key('service_name'),
                'meter_text': 'trim(coalesce(charge_description, sku_meter))',
                'bucket': "case when service_name = 'Cloud Storage' then " ~ last_path_segment('resource_id') ~ " end",
                'cluster': "tags['goog-k8s-cluster-name']",
                'node_pool': "tags['goog-k8s-node-pool-name']",
                'is_spot': "charge_description ilike '%preemptible%'",
                'instance_type': "tags['compute.googleapis.com/machine_spec']",
            },
        ) }}

    from delivered_charges

)

select * from mapped
where {{ is_of_months(months_to_map()) }}
