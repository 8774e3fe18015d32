-- What rules would have taken if an earlier one had not: first match wins, and this is what it decides, in money. Many
-- pairs are meant (a narrow rule before a wide one); one that is not is a rule in the wrong place.
with charges as (

    select * from {{ ref('int_charges_matched_to_rules') }}
    where rule_order is not null

),

rules as (

    select * from {{ ref('stg_allocation_rules') }}

),

matches as (

    select
        source_name,
        billing_period,
        billing_currency,
        rule_order,
        matching_rules,
        cast(sum(charges) as bigint) as charges,
        cast(sum(billed_cost) as {{ money_type() }}) as billed_cost,
        cast(sum(effective_cost) as {{ money_type() }}) as effective_cost
    from charges
    group by
        source_name,
        billing_period,
        billing_currency,
        rule_order,
        matching_rules

)

select
    matches.source_name,
    matches.billing_period,
    matches.billing_currency,
    takers.rule,
    rules.rule as shadowed_rule,
    sum(matches.charges) as charges,
    cast(sum(matches.billed_cost) as {{ money_type() }}) as billed_cost,
    cast(sum(matches.effective_cost) as {{ money_type() }}) as effective_cost
from matches
inner join rules as takers
    on matches.rule_order = takers.rule_order
inner join rules
    on
        instr('|' || matches.matching_rules || '|', '|' || cast(rules.rule_order as string) || '|') > 0
        and matches.rule_order <> rules.rule_order
group by
    matches.source_name,
    matches.billing_period,
    matches.billing_currency,
    takers.rule,
    rules.rule
