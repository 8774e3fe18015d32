{{ config(materialized='kept_months', kept_by='charge_date') }}
{%- set uses = ['inference', 'training', 'storage', 'other', 'idle', 'unallocated', 'credits', 'tax'] %}

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('charge_date') }}

),

{% for basis in ['billed', 'effective'] -%}
ledger_{{ basis }} as (

    select
        charge_date,
        billing_currency,
        '{{ basis }}' as cost_basis,
        {%- for use in uses %}
        cast(sum(case when cost_use = '{{ use }}' then allocated_{{ basis }}_cost else 0 end) as {{ money_type() }})
            as {{ use }}_cost,
        {%- endfor %}
        cast(sum(allocated_{{ basis }}_cost) as {{ money_type() }}) as ledger_cost
    from allocations
    group by
        charge_date,
        billing_currency

),

bill_{{ basis }} as (

    select
        charge_date,
        billing_currency,
        '{{ basis }}' as cost_basis,
        cast(sum({{ basis }}_cost) as {{ money_type() }}) as bill_cost
    from charges
    group by
        charge_date,
        billing_currency

),

{% endfor -%}
ledger as (

    select * from ledger_billed
    union all
    select * from ledger_effective

),

bill as (

    select * from bill_billed
    union all
    select * from bill_effective

),

-- a day that only one side has is a difference, not a gap
compared as (

    select
        coalesce(ledger.charge_date, bill.charge_date) as charge_date,
        coalesce(ledger.billing_currency, bill.billing_currency) as billing_currency,
        coalesce(ledger.cost_basis, bill.cost_basis) as cost_basis,
        {%- for use in uses %}
        coalesce(ledger.{{ use }}_cost, 0) as {{ use }}_cost,
        {%- endfor %}
        coalesce(ledger.ledger_cost, 0) as ledger_cost,
        coalesce(bill.bill_cost, 0) as bill_cost
    from ledger
    full outer join bill
        on
            ledger.charge_date = bill.charge_date
            and ledger.billing_currency = bill.billing_currency
            and ledger.cost_basis = bill.cost_basis

)

select
    compared.charge_date,
    compared.billing_currency,
    compared.cost_basis,
    {%- for use in uses %}
    compared.{{ use }}_cost,
    {%- endfor %}
    compared.ledger_cost,
    compared.bill_cost,
    cast(
        0 - compared.ledger_cost
        {%- for use in uses %}
        + compared.{{ use }}_cost
        {%- endfor %}
        as {{ money_type() }}
    ) as uses_to_ledger_difference,
    cast(compared.ledger_cost - compared.bill_cost as {{ money_type() }}) as ledger_to_bill_difference,
    {{ reporting_columns('compared', ['ledger_cost', 'bill_cost'], 'charge_date') }}
from compared
cross join {{ reporting_settings() }} as settings
