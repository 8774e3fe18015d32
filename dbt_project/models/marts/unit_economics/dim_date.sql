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

),

fiscal_days as (

    select
        days.date_day,
        {{ fiscal_month_start('calendar', 'days.date_day') }} as fiscal_month_start,
        calendar.fiscal_offset_months
    from days
    cross join {{ fiscal_year() }} as calendar

)

select
    fiscal_days.date_day,
    {{ month_of('fiscal_days.date_day') }} as billing_period,
    {{ fiscal_period('fiscal_days', "'year'", 'fiscal_days.fiscal_month_start') }} as fiscal_year,
    {{ fiscal_period('fiscal_days', "'quarter'", 'fiscal_days.fiscal_month_start') }} as fiscal_quarter,
    cast(month(fiscal_days.fiscal_month_start) as integer) as fiscal_month
from fiscal_days
