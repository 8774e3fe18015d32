-- Why a thousand inferences of a model cost another amount than the month before: each component's change is given
-- to its factors by the logarithmic mean (LMDI): effect = L(after, before) x ln(factor after / factor before). The
-- effects sum to the change whatever the order of the factors. What only one of the months has, and what cost
-- nothing, is mix.
{%- set logarithmic = {
    'efficiency': 'efficiency_ratio', 'holding': 'holding_ratio', 'price': 'price_ratio',
    'commitment': 'commitment_ratio', 'idle': 'idle_ratio', 'mix': 'mix_ratio',
} %}

with factors as (

    select * from {{ ref('int_unit_cost_factors') }}

),

model_months as (

    select
        *,
        lag(period) over (partition by billing_currency, model_name order by period) as previous_period
    from (
        select
            period,
            billing_currency,
            model_name,
            max(rule_version) as rule_version,
            max(exact_model_requests) as inferences,
            max(exact_model_cost) as fully_loaded_cost
        from factors
        group by
            period,
            billing_currency,
            model_name
    ) as months

),

pairs as (

    select
        months.previous_period as from_period,
        months.period as to_period,
        months.billing_currency,
        months.model_name,
        previous_months.rule_version as rule_version_before,
        months.rule_version as rule_version_after,
        previous_months.inferences as inferences_before,
        months.inferences as inferences_after,
        previous_months.fully_loaded_cost as cost_before,
        months.fully_loaded_cost as cost_after
    from model_months as months
    inner join model_months as previous_months
        on
            months.previous_period = previous_months.period
            and months.billing_currency = previous_months.billing_currency
            and months.model_name is not distinct from previous_months.model_name

),

components_before as (

    select
        pairs.from_period,
        pairs.to_period,
        factors.*
    from pairs
    inner join factors
        on
            pairs.from_period = factors.period
            and pairs.billing_currency = factors.billing_currency
            and pairs.model_name is not distinct from factors.model_name

),

components_after as (

    select
        pairs.from_period,
        pairs.to_period,
        factors.*
    from pairs
    inner join factors
        on
            pairs.to_period = factors.period
            and pairs.billing_currency = factors.billing_currency
            and pairs.model_name is not distinct from factors.model_name

),

compared as (

    select
        coalesce(after.from_period, before.from_period) as from_period,
        coalesce(after.to_period, before.to_period) as to_period,
        coalesce(after.billing_currency, before.billing_currency) as billing_currency,
        coalesce(after.model_name, before.model_name) as model_name,
        coalesce(before.fully_loaded_cost * 1000 / before.model_requests, 0) as value_before,
        coalesce(after.fully_loaded_cost * 1000 / after.model_requests, 0) as value_after,
        coalesce(
            before.fully_loaded_cost > 0 and after.fully_loaded_cost > 0 and before.effective_cost > 0
            and after.effective_cost > 0 and before.contracted_cost > 0 and after.contracted_cost > 0,
            false
        ) as is_comparable,
        coalesce(before.work > 0 and after.work > 0, false) as has_work,
        coalesce(before.held > 0 and after.held > 0, false) as has_held,
        before.requests as requests_before,
        after.requests as requests_after,
        before.requests / before.model_requests as weight_before,
        after.requests / after.model_requests as weight_after,
        before.work as work_before,
        after.work as work_after,
        before.held as held_before,
        after.held as held_after,
        before.contracted_cost as contracted_before,
        after.contracted_cost as contracted_after,
        before.effective_cost as effective_before,
        after.effective_cost as effective_after,
        before.fully_loaded_cost as loaded_before,
        after.fully_loaded_cost as loaded_after
    from components_before as before
    full outer join components_after as after
        on
            before.from_period = after.from_period
            and before.to_period = after.to_period
            and before.billing_currency = after.billing_currency
            and before.model_name is not distinct from after.model_name
            and before.segment_id = after.segment_id
            and before.component = after.component

),

-- without GPU-seconds, efficiency is what was held for a request; without either, all of it is price
ratios as (

    select
        *,
        weight_after / weight_before as mix_ratio,
        case
            when has_work then (work_after / requests_after) / (work_before / requests_before)
            when has_held then (held_after / requests_after) / (held_before / requests_before)
            else 1
        end as efficiency_ratio,
        case when has_work and has_held then (held_after / work_after) / (held_before / work_before) else 1 end
            as holding_ratio,
        case
            when has_held then (contracted_after / held_after) / (contracted_before / held_before)
            when has_work then (contracted_after / work_after) / (contracted_before / work_before)
            else (contracted_after / requests_after) / (contracted_before / requests_before)
        end as price_ratio,
        (effective_after / contracted_after) / (effective_before / contracted_before) as commitment_ratio,
        (loaded_after / effective_after) / (loaded_before / effective_before) as idle_ratio,
        case
            when not is_comparable then null
            when abs(value_after / value_before - 1) < 1e-9 then value_before
            else (value_after - value_before) / ln(value_after / value_before)
        end as logarithmic_mean
    from compared

),

summed as (

    select
        from_period,
        to_period,
        billing_currency,
        model_name,
        {%- for effect, ratio in logarithmic.items() %}
        -- decimals before they are summed: a sum of doubles depends on the order of its rows
        sum(
            cast(
                case
                    when is_comparable then logarithmic_mean * ln({{ ratio }})
                    else {{ 'value_after - value_before' if effect == 'mix' else '0' }}
                end as decimal(38, 15)
            )
        ) as {{ effect }}_effect,
        {%- endfor %}
        min(case when has_work or not is_comparable then 1 else 0 end) = 1 as has_work,
        -- what is free in both months is no change of any kind
        min(case when is_comparable or (value_before = 0 and value_after = 0) then 1 else 0 end) = 1
            as has_same_components
    from ratios
    group by
        from_period,
        to_period,
        billing_currency,
        model_name

)

select
    pairs.*,
    cast(summed.price_effect as decimal(38, 12)) as price_effect,
    cast(summed.commitment_effect as decimal(38, 12)) as commitment_effect,
    cast(summed.efficiency_effect as decimal(38, 12)) as efficiency_effect,
    -- what is held for a second of work is utilisation, unless the rules say anew who holds what
    cast(
        case
            when pairs.rule_version_before = pairs.rule_version_after then summed.holding_effect + summed.idle_effect
            else 0
        end as decimal(38, 12)
    ) as idle_effect,
    cast(
        case
            when pairs.rule_version_before = pairs.rule_version_after then 0
            else summed.holding_effect + summed.idle_effect
        end as decimal(38, 12)
    ) as allocation_rule_effect,
    cast(summed.mix_effect as decimal(38, 12)) as mix_effect,
    summed.has_work,
    summed.has_same_components
from pairs
inner join summed
    on
        pairs.from_period = summed.from_period
        and pairs.to_period = summed.to_period
        and pairs.billing_currency = summed.billing_currency
        and pairs.model_name is not distinct from summed.model_name
