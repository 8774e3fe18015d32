{#- What a test looks at: dbt's own `where`, and of the tables that are as long as the bill only the months that this
    run made again. The others were tested when they were made, and a run with a failing test notes no month as made. A
    test whose claim holds across months says so: `meta: {of_all_months: true}`. -#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where')] | select | list -%}
    {%- if not (config.get('meta') or {}).of_all_months -%}
        {%- set is_bill = relation.identifier == 'int_charges_attributed_to_owners' -%}
        {%- do conditions.extend(condition_of_bills() if is_bill else condition_of_months(relation)) -%}
    {%- endif -%}
    {%- if not conditions -%}
        {{- return(relation) -}}
    {%- endif -%}
    {{- return('(select * from ' ~ relation ~ ' where (' ~ conditions | join(') and (') ~ ')) as dbt_subquery') -}}
{%- endmacro %}


{#- What the tested table is compared with: the same months of it. -#}
{% macro months_beside(relation, model) -%}
    {%- set conditions = condition_of_months(relation) if model is string else [] -%}
    {{- '(select * from ' ~ relation ~ ' where ' ~ conditions[0] ~ ')' if conditions else relation -}}
{%- endmacro %}


{#- The condition that a row of a long table is of the months that this run made, in a list; empty where all of them are
    looked at. -#}
{% macro condition_of_months(relation) -%}
    {%- set period_of = {
        'int_charges_attributed_to_owners': 'billing_period',
        'int_charges_assigned_to_pools': 'billing_period',
        'int_charges_matched_to_rules': 'billing_period',
        'int_allocation_steps': 'billing_period',
        'int_allocations_unioned': 'billing_period',
        'int_allocations_classified_by_use': 'billing_period',
        'int_tagged_costs': 'charge_date',
        'focus_cost_and_usage': 'x_BillingPeriod',
        'focus_allocated': 'BillingPeriodStart',
        'fct_allocation_steps': 'billing_period',
        'fct_cost_allocations': 'billing_period',
        'fct_cost_layers': 'billing_period',
        'fct_waste': 'charge_date',
    } -%}
    {%- if relation.identifier not in period_of -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set node = graph.nodes.values() | selectattr('name', 'equalto', relation.identifier) | first if execute -%}
    {%- if execute and months_to_make(node) is none -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return([is_of_months_made(period_of[relation.identifier])]) -}}
{%- endmacro %}


{#- The same for what looks at the charges before int_month_inputs is made (their tests and that model itself): the months
    of bills that the last finished run was not made from. A month that a test held back is among them until one passes. -#}
{% macro condition_of_bills() -%}
    {%- if not execute -%}
        {%- do ref('int_delivered_months') -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set delivered = adapter.get_relation(target.database, target.schema, 'int_delivered_months') -%}
    {%- if delivered is none or months_made() is none or months_to_map() is none -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set unfinished -%}
        select distinct billing_period from {{ delivered }}
        where
            ('bill ' || source_name || ' ' || billing_period, made_from) not in (
                select (input, digest) from {{ months_made() }}
            )
        order by all
    {%- endset -%}
    {{- return([begins_with_months('billing_period', run_query(unfinished).columns[0].values())]) -}}
{%- endmacro %}
