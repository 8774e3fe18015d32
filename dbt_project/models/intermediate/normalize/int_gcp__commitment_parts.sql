{#- Committed use is billed in two models. Until 2025 covered usage carries a credit that takes its price away, and the
    fee stands beside it; since then covered usage is billed at its lower price, and the fee's used part is taken back by
    an offset. Both end the same: the fee is bought, and costs who used it. -#}
{%- set covering_credit_types = ['COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE'] -%}
{%- set offset_credit_types = ['FEE_UTILIZATION_OFFSET'] -%}
{%- set own_credit_types = own_gcp_credit_types() -%}
{%- set address = ['source_name', 'delivery_id', 'landed_file', 'landed_row'] -%}

-- Fields of a record are read with a dot, which the linter takes for a table's columns.
-- noqa: disable=RF03
with

billing_rows as (

    select * from {{ ref('stg_gcp__detailed_rows') }}
    union all
    select * from {{ ref('stg_gcp__standard_rows') }}

),

-- everything here is of one account and month
commitment_rows as (

    select
        *,
        concat_ws(chr(31), source_name, delivery_id, billing_period, billing_account_id, currency) as account_key,
        coalesce(cost, 0)
        + {{ sum_of_credits('credits', own_credit_types + offset_credit_types, are_listed=false) }} as net_cost,
        {{ sum_of_credits('credits', covering_credit_types) }} as covering_credit,
        {{ sum_of_credits('credits', offset_credit_types) }} as offset_credit,
        {{ first_credit('credits', covering_credit_types) }} as first_covering_credit,
        {{ is_gcp_commitment_fee('sku_description') }}
        or {{ first_credit('credits', offset_credit_types) }} is not null as is_fee,
        {{ is_gcp_committed_price('consumption_model') }} as is_at_committed_price

    from billing_rows
    where
        cost_type = 'regular'
        and (
            {{ is_gcp_commitment_fee('sku_description') }}
            or {{ is_gcp_committed_price('consumption_model') }}
            or {{ first_credit('credits', covering_credit_types + offset_credit_types) }} is not null
        )
        and {{ is_of_months(months_to_map()) }}

),

-- The newer model is known by its offsets: without one in the account's month, no fee pays for the lower price.
accounts as (

    select
        account_key,
        sum(offset_credit) != 0 as has_offsets

    from commitment_rows
    group by account_key

),

named_commitments as (

    select distinct
        fees.account_key,
        fees.subscription_instance_id as commitment_id

    from commitment_rows as fees
    inner join commitment_rows as covered
        on
            fees.account_key = covered.account_key
            and fees.subscription_instance_id = covered.first_covering_credit.credit_id
    where fees.is_fee

),

kinds as (

    select
        commitment_rows.*,
        coalesce(accounts.has_offsets, false) and commitment_rows.is_at_committed_price and not commitment_rows.is_fee
            as is_priced_usage,
        -- A fee of the newer model names its unused part itself: what no offset takes back.
        commitment_rows.is_fee
        and commitment_rows.offset_credit = 0
        and commitment_rows.sku_description ilike 'commitment%' as is_split_fee,
        commitment_rows.covering_credit < 0 and not commitment_rows.is_fee as is_credited_usage,
        case
            when
                {{ is_gcp_spend_commitment_fee('commitment_rows.sku_description') }}
                or commitment_rows.first_covering_credit.credit_type = 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE'
                then 'spend'
            when commitment_rows.sku_description ilike '% ram %' then 'ram'
            when regexp_matches(commitment_rows.sku_description, '(?i)gpu|nvidia|tpu') then 'gpu'
            when commitment_rows.sku_description ilike '%ssd%' then 'ssd'
            else 'core'
        end as resource_kind,
        -- A commitment that no credit names is used by all that is credited without a name.
        named_commitments.commitment_id

    from commitment_rows
    inner join accounts
        on commitment_rows.account_key = accounts.account_key
    left join named_commitments
        on
            commitment_rows.account_key = named_commitments.account_key
            and coalesce(commitment_rows.subscription_instance_id, commitment_rows.first_covering_credit.credit_id)
            = named_commitments.commitment_id

),

-- A fee is for usage of its own machine series or GPU model in its region; where the two are not told alike, for that
-- of the series anywhere, and else for all of its kind.
families as (

    select
        *,
        concat_ws(chr(31), account_key, cast(usage_start_time as date), resource_kind, commitment_id) as day_key,
        case when resource_kind = 'spend' then '' else {{ gcp_commitment_family('sku_description') }} end as family,
        case when resource_kind = 'spend' then '' else coalesce(location_region, '') end as region

    from kinds

),

met_in_regions as (

    select
        *,
        bool_or(is_split_fee) over (partition by day_key, family, region)
        and bool_or(is_credited_usage) over (partition by day_key, family, region) as is_met_in_region

    from families

),

met_in_families as (

    select
        *,
        bool_or(is_split_fee and not is_met_in_region) over (partition by day_key, family)
        and bool_or(is_credited_usage and not is_met_in_region) over (partition by day_key, family) as is_met_in_family

    from met_in_regions

),

keyed as (

    select
        *,
        concat_ws(
            chr(31),
            day_key,
            case when is_met_in_region or is_met_in_family then family end,
            case when is_met_in_region then region end
        ) as pool_id,
        landed_file || '/' || lpad(cast(landed_row as varchar), 12, '0') as row_key,
        -- Machines are covered by the hour, spend by its price.
        case
            when resource_kind = 'spend' then -covering_credit
            when is_fee then usage_amount_in_pricing_units
            when coalesce(cost, 0) <= 0 then 0
            when -covering_credit >= cost then usage_amount_in_pricing_units
            else
                {{ approximate_quotient(
                    approximate_product('usage_amount_in_pricing_units', '-covering_credit'), 'cost'
                ) }}
        end as committed_quantity

    from met_in_families

),

fee_pools as (

    select
        pool_id,
        min_by(landed_file, row_key) as landed_file,
        min_by(landed_row, row_key) as landed_row,
        any_value(source_name) as source_name,
        any_value(delivery_id) as delivery_id,
        sum(net_cost) as effective_cost,
        case when any_value(resource_kind) != 'spend' then sum(coalesce(committed_quantity, 0)) else 0 end
            as committed_quantity

    from keyed
    where is_split_fee
    group by pool_id

),

used_quantities as (

    select
        pool_id,
        sum(greatest(coalesce(committed_quantity, 0), 0)) as used_quantity

    from keyed
    where is_credited_usage
    group by pool_id

),

-- How much of a commitment to spend was not used, the export does not say: all of it goes to who used it.
weights as (

    select
        pool_id,
        row_key as consumer_key,
        {{ millionths('greatest(coalesce(committed_quantity, 0), 0)') }} as weight

    from keyed
    where is_credited_usage

    union all

    select
        fee_pools.pool_id,
        'unused' as consumer_key,
        {{ millionths('greatest(fee_pools.committed_quantity - coalesce(used_quantities.used_quantity, 0), 0)') }}
            as weight

    from fee_pools
    left join used_quantities
        on fee_pools.pool_id = used_quantities.pool_id

),

fee_shares as (

    {{ split_exactly('fee_pools', 'weights', ['effective_cost']) }}

),

line_parts as (

    select
        {% for column in address %}
        keyed.{{ column }},
        {% endfor %}
        cast(null as varchar) as charge_part,
        keyed.is_fee,
        case when keyed.is_priced_usage then 0 else keyed.net_cost end as billed_cost,
        case
            when keyed.is_fee then 0
            else keyed.net_cost + coalesce(fee_shares.effective_cost, 0)
        end as effective_cost

    from keyed
    left join fee_shares
        on
            keyed.pool_id = fee_shares.pool_id
            and keyed.row_key = fee_shares.consumer_key
            and keyed.is_credited_usage

),

unused_parts as (

    select
        {% for column in address %}
        fee_pools.{{ column }},
        {% endfor %}
        'unused' as charge_part,
        true as is_fee,
        0 as billed_cost,
        fee_shares.effective_cost

    from fee_pools
    inner join fee_shares
        on fee_pools.pool_id = fee_shares.pool_id
    where
        coalesce(fee_shares.consumer_key, 'unused') = 'unused'
        and fee_shares.effective_cost != 0

    union all

    select
        {% for column in address %}
        {{ column }},
        {% endfor %}
        'unused' as charge_part,
        true as is_fee,
        0 as billed_cost,
        net_cost + offset_credit as effective_cost

    from keyed
    where is_fee and not is_split_fee and net_cost + offset_credit != 0

),

-- The price of what was covered and the offsets must cancel, per account and month. What does not was invoiced all the
-- same and stays as one charge.
residual_parts as (

    select
        source_name,
        delivery_id,
        min_by(landed_file, row_key) as landed_file,
        min_by(landed_row, row_key) as landed_row,
        'offset-residual' as charge_part,
        true as is_fee,
        sum(case when is_priced_usage then net_cost else offset_credit end) as billed_cost,
        0 as effective_cost

    from keyed
    where is_priced_usage or offset_credit != 0
    group by source_name, delivery_id, account_key
    having sum(case when is_priced_usage then net_cost else offset_credit end) != 0

),

all_parts as (

    select * from line_parts
    union all
    select * from unused_parts
    union all
    select * from residual_parts

)

select
    {% for column in address %}
    {{ column }},
    {% endfor %}
    charge_part,
    is_fee,
    cast(billed_cost as {{ money_type() }}) as billed_cost,
    cast(effective_cost as {{ money_type() }}) as effective_cost

from all_parts
