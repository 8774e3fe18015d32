{#- What allocation looks at of a charge, as a dictionary of columns and how each is read: two charges that are equal in
    all of them enter the same pool, whatever the rules say. Money and addresses are not among them. -#}
{% macro columns_of_charges_alike(charges) %}
    {%- set columns = {} -%}
    {%- for column in [
        'source_name', 'provider', 'billing_account_id', 'sub_account_id', 'billing_currency', 'billing_period',
        'charge_date', 'charge_category', 'charge_class', 'charge_origin', 'pricing_category', 'service_category',
        'service_name', 'region_id', 'cost_layer', 'commitment_discount_id', 'commitment_discount_status', 'model_id',
        'token_direction', 'bucket', 'storage_class', 'storage_measure', 'is_cluster_machine', 'cluster',
    ] + tag_owner_columns() -%}
        {%- do columns.update({column: charges ~ '.' ~ column}) -%}
    {%- endfor -%}
    {%- do columns.update({
        'machine_id': 'case when ' ~ charges ~ '.is_cluster_machine then ' ~ machine_id(charges) ~ ' end',
        'attached_machine': attached_gpu_machine(charges),
        'charge_window': charge_window(charges),
        'gke_namespace': gke_namespace(charges),
    }) -%}
    {%- set rules = allocation_rules() -%}
    {%- if rules | selectattr('driver_window', 'equalto', 'hour') | list -%}
        {%- do columns.update({
            'charge_hour': 'case when ' ~ is_hourly(charges) ~ ' then '
                ~ hour_window(charges ~ '.charge_period_start') ~ ' end',
        }) -%}
    {%- endif -%}
    {%- if weighted_gpu_rules() -%}
        {%- do columns.update({'component': machine_component(charges)}) -%}
    {%- endif -%}
    {%- for rule in rules -%}
        {%- for condition in rule.conditions if condition.tag -%}
            {%- do columns.update({tag_column(condition.tag): tag_value(charges ~ '.tags', condition.tag)}) -%}
        {%- endfor -%}
        {%- for column in (rule.conditions | map(attribute='column') | select | list) + (rule.driver_by.values() | list)
            if column not in columns -%}
            {%- do columns.update({column: charges ~ '.' ~ column}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}


{#- The machine that a charge hangs on, as the bill or its tag calls it; null where no GPU machine has that
    name in the month of the charge's window, so that
    the disks and the traffic of all other machines are alike. -#}
{% macro attached_gpu_machine(charges) -%}
    case
        when {{ charges }}.attached_machine is null then null
        when (substr({{ charge_window(charges) }}, 1, 7), lower({{ charges }}.attached_machine)) in (
            select (month, name) from {{ ref('int_gpu_machine_names') }}
        ) then lower({{ charges }}.attached_machine)
    end
{%- endmacro %}


{#- The column of a tag that a rule compares. -#}
{% macro tag_column(tag) -%}
    {{- return('tag_' ~ local_md5(tag)) -}}
{%- endmacro %}
