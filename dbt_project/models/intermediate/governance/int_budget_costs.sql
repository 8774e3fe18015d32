{{ config(materialized='kept_months', kept_by='charge_date', side_file='budgets') }}
-- What each budget's part of the ledger, or the charges with its tag, cost on each day that cost something, in the
-- budget's currency and on its basis.
with budgets as (

    select * from {{ landed(source('raw', 'budgets')) }}

),

allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('charge_date') }}

),

tag_keys as (

    select *
    from budgets
    where tag_keys is not null

),

-- empty, and for nothing, where no budget counts a tag
charges_by_tags as (

    select
        charges.charge_date,
        charges.billing_currency,
        charges.tags,
        sum({{ in_reporting_currency('charges', 'billed_cost', 'charge_date') }}) as billed_cost_reporting,
        sum({{ in_reporting_currency('charges', 'effective_cost', 'charge_date') }}) as effective_cost_reporting,
        sum(charges.billed_cost) as billed_cost,
        sum(charges.effective_cost) as effective_cost
    from charges
    cross join {{ reporting_settings() }} as settings
    where exists (select tag_keys.budget_key from tag_keys)
    group by
        charges.charge_date,
        charges.billing_currency,
        charges.tags

),

-- looked through once each: charges have few different sets of tags
tag_maps as (

    select distinct tags
    from charges_by_tags

),

tag_maps_of_budgets as (

    select
        tag_maps.tags,
        tag_keys.budget_key
    from tag_maps
    cross join tag_keys
    where
        case
            when tag_keys.tag_values is null
                then {{ first_tag_value('tag_maps.tags', 'tag_keys.tag_keys') }} is not null
            else {{ list_has('tag_keys.tag_values', first_tag_value('tag_maps.tags', 'tag_keys.tag_keys')) }}
        end

),

tagged_charges as (

    select
        tag_maps_of_budgets.budget_key,
        charges_by_tags.charge_date,
        charges_by_tags.billing_currency,
        charges_by_tags.billed_cost_reporting,
        charges_by_tags.effective_cost_reporting,
        charges_by_tags.billed_cost,
        charges_by_tags.effective_cost
    from charges_by_tags
    inner join tag_maps_of_budgets
        on charges_by_tags.tags = tag_maps_of_budgets.tags

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
                when selected.billed_cost = 0 and selected.effective_cost = 0 then 0
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

)

select * from costs
