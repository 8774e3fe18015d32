-- What each budget's part of the ledger, or the charges with its tag, cost on each day, in the budget's currency and on
-- its basis. Days run without gaps from the ledger's first to the newest that nobody is still delivering: every source
-- that is alive has usage of it, and somebody has usage of a later day.
with budgets as (

    select * from {{ landed(source('raw', 'budgets')) }}

),

allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}

),

charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}

),

tag_keys as (

    select *
    from budgets
    where tag_keys is not null

),

tagged_charges as (

    select
        tag_keys.budget_key,
        charges.charge_date,
        charges.billing_currency,
        {{ in_reporting_currency('charges', 'billed_cost', 'charge_date') }} as billed_cost_reporting,
        {{ in_reporting_currency('charges', 'effective_cost', 'charge_date') }} as effective_cost_reporting,
        charges.billed_cost,
        charges.effective_cost
    from charges
    cross join tag_keys
    cross join {{ reporting_settings() }} as settings
    where
        case
            when tag_keys.tag_values is null then {{ first_tag_value('charges.tags', 'tag_keys.tag_keys') }} is not null
            else {{ list_has('tag_keys.tag_values', first_tag_value('charges.tags', 'tag_keys.tag_keys')) }}
        end

),

selected_allocations as (

    select
        budgets.budget_key,
        allocations.charge_date,
        allocations.billing_currency,
        allocations.allocated_billed_cost_reporting as billed_cost_reporting,
        allocations.allocated_effective_cost_reporting as effective_cost_reporting,
        allocations.allocated_billed_cost as billed_cost,
        allocations.allocated_effective_cost as effective_cost
    from allocations
    cross join budgets
    where
        budgets.tag_keys is null
        -- credits and tax follow what they are for, as in int_metric_costs
        and (
            budgets.selected_cost_use is null
            or {{ list_has(
                'budgets.selected_cost_use',
                "case when allocations.cost_use in ('credits', 'tax') then allocations.activity"
                " else allocations.cost_use end",
            ) }}
        )
        {%- for column in metric_selection_columns() if column != 'cost_use' %}
        and (
            budgets.selected_{{ column }} is null
            or {{ list_has('budgets.selected_' ~ column, 'allocations.' ~ column) }}
        )
        {%- endfor %}

),

selected as (

    select * from tagged_charges
    union all
    select * from selected_allocations

),

costs as (

    select
        selected.budget_key,
        selected.charge_date,
        cast(sum(
            case
                when budgets.billing_currency = settings.reporting_currency
                    then case budgets.cost_basis
                        when 'billed' then selected.billed_cost_reporting
                        else selected.effective_cost_reporting
                    end
                when budgets.billing_currency = selected.billing_currency
                    then case budgets.cost_basis
                        when 'billed' then selected.billed_cost
                        else selected.effective_cost
                    end
            end
        ) as {{ money_type() }}) as cost,
        -- a cost without a rate, or in a third currency, is not in the sum
        max(
            case
                when budgets.billing_currency = selected.billing_currency then 0
                when budgets.billing_currency = settings.reporting_currency
                    and selected.effective_cost_reporting is not null then 0
                else 1
            end
        ) as uncounted
    from selected
    inner join budgets
        on selected.budget_key = budgets.budget_key
    cross join {{ reporting_settings() }} as settings
    group by
        selected.budget_key,
        selected.charge_date

),

newest_days as (

    select
        source_name,
        max(charge_date) as newest_day,
        max(max(charge_date)) over () as newest_of_all
    from charges
    where charge_category = 'Usage'
    group by source_name

),

-- a source without usage for a week is no longer waited for: every_source_is_fresh tells of it
known_days as (

    select
        (select min(charges.charge_date) from charges) as first_day,
        least(
            min(case when newest_day >= {{ days_before('newest_of_all', 7) }} then newest_day end),
            {{ days_before('max(newest_of_all)', 1) }}
        ) as last_day
    from newest_days

),

days as (

    select {{ each_day('first_day', 'last_day') }} as charge_date
    from known_days
    where first_day <= last_day

)

select
    budgets.budget_key,
    days.charge_date,
    cast(coalesce(costs.cost, 0) as {{ money_type() }}) as cost,
    coalesce(costs.uncounted, 0) as uncounted,
    min(case when costs.cost <> 0 then days.charge_date end) over (
        partition by budgets.budget_key
        order by days.charge_date
    ) as first_cost_date
from days
cross join budgets
left join costs
    on
        budgets.budget_key = costs.budget_key
        and days.charge_date = costs.charge_date
