{{ config(materialized='kept_deliveries') }}
-- What the files of Azure's cost details say of costs that both exports must say alike: everything but the purchases
-- (actual) and the spread of them (amortized). A file says the same every day: only new deliveries are added up.
with cost_details as (

    select * from {{ ref('stg_azure__cost_details') }}
    where {{ is_not_kept_in(this, 'azure_cost_details') }}

)

select
    source_name,
    billing_period,
    delivery_id,
    landed_file,
    coalesce(upper(billing_currency), 'XXX') as billing_currency,
    sum(case when export_type = 'ActualCost' and not {{ is_azure_commitment_purchase() }} then cost else 0 end)
        as actual_on_demand_cost,
    sum(case when export_type = 'AmortizedCost' and not {{ is_azure_commitment() }} then cost else 0 end)
        as amortized_on_demand_cost
from cost_details
group by
    source_name,
    billing_period,
    delivery_id,
    landed_file,
    coalesce(upper(billing_currency), 'XXX')
