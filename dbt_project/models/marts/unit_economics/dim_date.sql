with allocations as (

    select * from {{ ref('fct_cost_allocations') }}

),

bounds as (

    select
        min(charge_date) as first_date,
        max(charge_date) as last_date
    from allocations

),

days as (

    select {{ each_day('first_date', 'last_date') }} as date_day
    from bounds
    where first_date is not null

)

select
    date_day,
    {{ month_of('date_day') }} as billing_period
from days
