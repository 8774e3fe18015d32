{{ config(materialized='kept_months', kept_by='charge_date') }}
-- What the bill's own meters of cached input charge for a token: one row per day, currency and managed model. The
-- ledger keeps input together, so this price comes from the charges before they are given to owners.
with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('charge_date') }}

)

select
    charge_date,
    billing_currency,
    coalesce(model_name, model_id) as model_name,
    {{ unit_cost('sum(effective_cost)', 'sum(token_count)', 1000000) }} as cost_per_1m_cached_input_tokens
from charges
where
    token_cache_action = 'Read'
    and charge_category not in ('Credit', 'Tax')
group by
    charge_date,
    billing_currency,
    coalesce(model_name, model_id)
