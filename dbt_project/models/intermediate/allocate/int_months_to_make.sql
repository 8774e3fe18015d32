-- What a run makes again, by what has changed of int_month_inputs; months_to_make.sql says what each kind means. A
-- table, because a hundred questions of models and tests read it.
{{ config(materialized='table') }}

with inputs as (

    select * from {{ ref('int_month_inputs') }}

),

changed as (

    select * from inputs
    where is_changed

),

-- the calendar months that a billing period reaches into
reach as (

    select distinct
        billing_period,
        unnest(months) as month
    from inputs
    where billing_period is not null

),

periods as (

    select billing_period from changed
    where billing_period is not null
    union
    select billing_period from reach
    where month in (select unnest(changed.deciding_months) from changed)

),

named as (

    select
        'billing_period' as kind,
        billing_period as name
    from periods
    union
    select
        'month' as kind,
        month as name
    from reach
    where billing_period in (select periods.billing_period from periods)
    union
    select
        'month' as kind,
        unnest(months) as name
    from changed
    union
    select
        'deciding_month' as kind,
        unnest(deciding_months) as name
    from changed
    union
    select
        'any_month' as kind,
        month as name
    from reach
    union
    select
        'side_file' as kind,
        replace(input, 'side file ', '') as name
    from changed
    where input like 'side file %'
    union
    select
        'kept_period' as kind,
        billing_period as name
    from reach
    where billing_period not in (select periods.billing_period from periods)

)

select
    kind,
    name
from named
