{#- Whether a rule wants a charge: its dates, the kind of pool it names, and its selection. `columns` gives the SQL of
    columns that are not simply the charge's.

    What Google has split over the namespaces of a cluster is not split again, unless a rule names the label
    k8s-namespace.

    What was committed and not used belongs to whoever holds it, whatever else it looks like: only a rule that names
    the commitment's status can want it. -#}
{% macro rule_condition(rule, charges, columns) -%}
    {%- set wanted = [] -%}
    {%- if rule.valid_from -%}
        {%- do wanted.append(charges ~ ".charge_date >= date '" ~ rule.valid_from ~ "'") -%}
    {%- endif -%}
    {%- if rule.valid_to -%}
        {%- do wanted.append(charges ~ ".charge_date < date '" ~ rule.valid_to ~ "'") -%}
    {%- endif -%}
    {%- if rule.pool == 'gpu_cluster' -%}
        {%- do wanted.append(columns['is_machine'] ~ ' and ' ~ columns['cluster'] ~ ' is not null') -%}
        {%- if 'k8snamespace' not in rule.conditions | map(attribute='tag') | list -%}
            {%- do wanted.append('not ' ~ is_split_by_gke(charges)) -%}
        {%- endif -%}
    {%- elif rule.pool == 'bucket' -%}
        {%- do wanted.append(charges ~ '.bucket is not null and ' ~ charges ~ '.storage_measure is not null') -%}
    {%- elif rule.pool == 'owner' -%}
        {%- set owners = tag_owner_columns() | reject('in', ['environment', 'workload_type']) | list -%}
        {%- do wanted.append(
            'coalesce(' ~ charges ~ '.' ~ owners | join(', ' ~ charges ~ '.') ~ ') is not null'
        ) -%}
    {%- endif -%}
    {%- set named = rule.conditions | map(attribute='column') | list -%}
    {%- if 'commitment_discount_status' not in named -%}
        {%- do wanted.append("coalesce(" ~ charges ~ ".commitment_discount_status, '') <> 'Unused'") -%}
    {%- endif -%}
    {%- for condition in rule.conditions -%}
        {%- set operand = charges ~ '.' ~ tag_column(condition.tag) if condition.tag
            else columns.get(condition.column, charges ~ '.' ~ condition.column) -%}
        {%- if condition.column == 'cluster' and condition.operator not in ['exists', 'matches'] -%}
            {#- bill and telemetry call a cluster alike but for the case, and a machine may have its name of either -#}
            {%- do wanted.append(
                compared_with('lower(' ~ operand ~ ')', condition.operator, condition.value | map('lower') | list)
            ) -%}
        {%- else -%}
            {%- do wanted.append(compared_with(operand, condition.operator, condition.value)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ wanted | join(' and ') }}
{%- endmacro %}
