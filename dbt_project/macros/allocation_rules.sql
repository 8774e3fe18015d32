{#- The allocation rules as a list of dictionaries, in file order, JSON columns parsed. The models render them into SQL:
    a rule costs nothing where it is not written. Empty while dbt parses, so that parsing depends on no data folder. -#}
{% macro allocation_rules() %}
    {%- set relation = source('raw', 'allocation_rules') -%}
    {%- if not execute -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set texts = [
        'rule', 'step', 'pool', 'pool_kind', 'driver', 'basis', 'driver_window', 'idle_policy', 'alternative',
        'commitment_benefit', 'missing_policy', 'service', 'valid_from', 'valid_to',
    ] -%}
    {%- set documents = [
        'conditions', 'driver_of', 'driver_by', 'bounds', 'payers', 'owner', 'shares', 'weights', 'model_weights',
    ] -%}
    {%- set written -%}
        select
            rule_order,
            {%- for column in texts + documents %}
            cast({{ column }} as string) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ landed(relation) }}
        order by rule_order
    {%- endset -%}
    {%- set rules = [] -%}
    {%- for row in run_query(written).rows -%}
        {%- set rule = {'rule_order': row[0] | int} -%}
        {%- for column in texts -%}
            {%- do rule.update({column: row[loop.index]}) -%}
        {%- endfor -%}
        {%- for column in documents -%}
            {%- do rule.update({column: fromjson(row[texts | length + loop.index])}) -%}
        {%- endfor -%}
        {%- do rules.append(rule) -%}
    {%- endfor -%}
    {{- return(rules) -}}
{% endmacro %}
