-- Charges alike: those that no rule and no scope can tell apart, summed. Finds the one rule that takes them, the first
-- in file order that wants them, and what they have in common with others of their pool. What no rule takes stays
-- visible under its reason. Splitting the pools is the matter of the int_*_split_by_* models.
--
-- Summed before anything is asked of them: rules, machines and windows are looked at once for charges alike, never once
-- a charge (4 of 5 CPU microseconds a charge). The rules are rendered into the SQL: what nobody wrote costs nothing,
-- and the default rules are one `case`.
--
-- depends_on: {{ ref('int_gpu_hours_by_scope') }}
-- depends_on: {{ ref('int_gpu_machine_names') }}
{{ config(materialized='kept_months', kept_by='billing_period') }}
{%- set owner_columns = tag_owner_columns() %}
{%- set rules = allocation_rules() %}
{%- set told_apart_by = [] %}
{%- for column in columns_of_charges_alike('single_charges') %}
    {%- do told_apart_by.append('charges.' ~ column) %}
{%- endfor %}
{%- set columns = {
    'cluster': 'coalesce(charges.cluster, machines.cluster)',
    'is_machine': '(charges.is_cluster_machine or attached_to.machine_id is not null)',
} %}
{%- set scoped_kinds = ['rule', 'service', 'overhead'] %}
{%- set names, kinds, bases, owners, scopes, windows = {}, {}, {}, {}, {}, {} %}
{%- set scoped, patient = [], [] %}
{%- set hourly = gpu_rules_by_the_hour() | map(attribute='rule_order') | join(', ') %}
{%- set by_hour = 'case when rule_order in (' ~ hourly ~ ') and machine_hour is not null then ' %}
{%- for rule in rules %}
    {%- do names.update({rule.rule_order: text_literal(rule.rule)}) %}
    {%- do kinds.update({rule.rule_order: text_literal(rule.pool_kind)}) %}
    {%- do bases.update({rule.rule_order: text_literal(rule.basis)}) %}
    {%- if rule.pool == 'gpu_cluster' and rule.weights %}
        {#- lines for cores or memory follow those, a machine's one line follows all of them by the rule's weights -#}
        {%- set counted = by_hour ~ 'component_by_hour else component_with_telemetry end'
            if rule.driver_window == 'hour' else 'component_with_telemetry' %}
        {%- do bases.update({rule.rule_order: 'case when not is_machine_in_parts then '
            ~ text_literal(weighted_basis(rule)) ~ " when component = 'gpu' then " ~ text_literal(rule.basis)
            ~ ' else coalesce(' ~ counted ~ ', ' ~ text_literal(rule.basis) ~ ') end'}) %}
    {%- endif %}
    {%- if rule.pool_kind in scoped_kinds %}
        {%- do scoped.append(rule) %}
        {%- do scopes.update({rule.rule_order: 'scope_of_rule_' ~ rule.rule_order}) %}
        {%- do windows.update({rule.rule_order: 'window_of_rule_' ~ rule.rule_order}) %}
    {%- elif rule.pool_kind == 'owner' %}
        {%- for column, value in rule.owner.items() %}
            {%- do owners.setdefault(column, {}).update({rule.rule_order: text_literal(value)}) %}
        {%- endfor %}
    {%- elif rule.missing_policy == 'owner' %}
        {#- a machine or bucket without driver is its rule's owner's; what a rule's own feed lacks is seen later #}
        {%- do patient.append(rule.rule_order) %}
        {%- set scope = 'scope_of_machine' if rule.pool_kind == 'gpu_cluster' else 'storage_scope' %}
        {%- for column, value in rule.owner.items() %}
            {%- do owners.setdefault(column, {}).update(
                {rule.rule_order: 'case when ' ~ scope ~ ' is null then ' ~ text_literal(value) ~ ' end'}
            ) %}
        {%- endfor %}
    {%- endif %}
{%- endfor %}

with single_charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('billing_period') }}

),

charges as (

    select
        {%- for column, value in columns_of_charges_alike('single_charges').items() %}
        {{ value }} as {{ column }},
        {%- endfor %}
        {%- for measure in cost_measures() %}
        cast(sum(single_charges.{{ measure }}) as {{ money_type() }}) as {{ measure }},
        {%- endfor %}
        count(*) as charges
    from single_charges
    group by all

),

machines as (

    select * from {{ ref('int_gpu_machines_placed') }}

),

storage_scopes as (

    select * from {{ ref('int_storage_scopes') }}

),

-- what hangs on a machine may call it by the bill's resource id or by its name
machine_names as (

    select
        source_name,
        driver_window,
        name,
        min(machine_id) as machine_id
    from (
        select
            source_name,
            driver_window,
            machine_id as name,
            machine_id
        from machines
        union all
        select
            source_name,
            driver_window,
            machine_name as name,
            machine_id
        from machines
        where machine_name is not null
    ) as names
    group by
        source_name,
        driver_window,
        name

),

{%- if weighted_gpu_rules() %}

-- the machines of which telemetry counts cores or memory
components as (
    {% for component in ['cpu', 'memory'] %}
    {{- 'union all' if not loop.first }}
    select distinct
        substr(driver_scope, 1, length(driver_scope) - length('/{{ component }}')) as machine_scope,
        '{{ component }}' as component
    from {{ ref('int_gpu_hours_by_scope') }}
    where driver_scope like '%/{{ component }}'
    {% endfor %}
),
{%- endif %}

charges_with_scopes as (

    select
        {{ fingerprint(told_apart_by) }} as alike_id,
        charges.source_name,
        charges.provider,
        charges.billing_account_id,
        charges.sub_account_id,
        charges.billing_currency,
        charges.billing_period,
        charges.charge_date,
        charges.charge_category,
        charges.charge_class,
        charges.pricing_category,
        charges.service_category,
        charges.service_name,
        charges.region_id,
        charges.cost_layer,
        charges.commitment_discount_id,
        charges.commitment_discount_status,
        charges.charge_origin,
        charges.model_id,
        charges.token_direction,
        charges.bucket,
        charges.storage_class,
        charges.storage_measure,
        charges.charges,
        {%- for measure in cost_measures() %}
        charges.{{ measure }},
        {%- endfor %}
        {%- for column in owner_columns %}
        charges.{{ column }},
        {%- endfor %}
        {{ columns['cluster'] }} as cluster,
        machines.pool_level as machine_level,
        machines.gpu_model,
        machines.capacity_type,
        machines.driver_scope as machine_scope,
        {%- if hourly %}
        machines_by_hour.pool_level as level_by_hour,
        machines_by_hour.driver_scope as scope_by_hour,
        machines_by_hour.driver_window as machine_hour,
        {%- endif %}
        storage_scopes.driver_scope as storage_scope,
        storage_scopes.weights_from as storage_weights_from,
        charges.charge_window as driver_window,
        {{ rule_version_on('charges.charge_date') }} as rule_version,
        {%- if rules %}
        case
            {%- for rule in rules %}
            when {{ rule_condition(rule, 'charges', columns) }} then {{ rule.rule_order }}
            {%- endfor %}
        end as rule_order,
        concat_ws(
            '|'
            {%- for rule in rules -%}
            , case when {{ rule_condition(rule, 'charges', columns) }} then '{{ rule.rule_order }}' end
            {%- endfor %}
        ) as matching_rules,
        {%- else %}
        cast(null as integer) as rule_order,
        cast(null as string) as matching_rules,
        {%- endif %}
        {%- for rule in scoped %}
        {{ rule_scope(rule, 'charges', columns) }} as scope_of_rule_{{ rule.rule_order }},
        {{ rule_window(rule, 'charges') }} as window_of_rule_{{ rule.rule_order }},
        {%- endfor %}
        coalesce(charges.commitment_discount_status, '') = 'Unused' as is_unused_commitment,
        {%- if weighted_gpu_rules() %}
        coalesce(machines.core_hours, machines.gib_hours) is not null as is_machine_in_parts,
        charges.component,
        components.component as component_with_telemetry,
        {%- if hourly %}
        components_by_hour.component as component_by_hour,
        {%- endif %}
        {%- endif %}
        charges.gke_namespace
    from charges
    left join machine_names as attached_to
        on
            charges.source_name = attached_to.source_name
            and charges.attached_machine = attached_to.name
            and charges.charge_window = attached_to.driver_window
    left join machines
        on
            {{ columns['is_machine'] }}
            and charges.source_name = machines.source_name
            and coalesce(attached_to.machine_id, charges.machine_id) = machines.machine_id
            and charges.charge_window = machines.driver_window
    {%- if hourly %}
    left join machines as machines_by_hour
        on
            {{ columns['is_machine'] }}
            and charges.source_name = machines_by_hour.source_name
            and coalesce(attached_to.machine_id, charges.machine_id) = machines_by_hour.machine_id
            and charges.charge_hour = machines_by_hour.driver_window
    {%- endif %}
    {%- if weighted_gpu_rules() %}
    left join components
        on
            machines.driver_scope = components.machine_scope
            and charges.component = components.component
    {%- if hourly %}
    left join components as components_by_hour
        on
            machines_by_hour.driver_scope = components_by_hour.machine_scope
            and charges.component = components_by_hour.component
    {%- endif %}
    {%- endif %}
    left join storage_scopes
        on
            charges.storage_measure = storage_scopes.storage_measure
            and lower(charges.bucket) = storage_scopes.bucket
            and charges.storage_class is not distinct from storage_scopes.storage_class
            and charges.charge_window = storage_scopes.driver_window

),

charges_with_rule as (

    select
        *,
        {{ by_rule(names) }} as rule,
        {{ by_rule(kinds, otherwise="case when not is_unused_commitment then 'rest' else 'commitment' end") }}
            as kind_by_rule,
        {{ by_hour ~ 'level_by_hour else machine_level end' if hourly else 'machine_level' }} as level_of_machine,
        {{ by_hour ~ 'scope_by_hour else machine_scope end' if hourly else 'machine_scope' }} as scope_of_machine,
        {{ by_hour ~ 'machine_hour else driver_window end' if hourly else 'driver_window' }} as window_of_machine,
        {{ by_rule(bases) }} as basis,
        {{ by_rule(scopes) }} as rule_scope,
        {{ by_rule(windows) }} as rule_window
    from charges_with_scopes

),

-- what Google found nobody's is idle, whether or not the cluster carries an owner's label
charges_with_pool_kind as (

    select
        *,
        case
            when kind_by_rule in ('owner', 'rest') and gke_namespace = 'kube:unallocated' then 'idle'
            else kind_by_rule
        end as pool_kind,
        coalesce(gke_namespace = 'kube:system-overhead', false) as is_system_overhead
    from charges_with_rule

),

charges_with_pool_facts as (

    select
        alike_id,
        charges,
        rule_order,
        matching_rules,
        rule_version,
        source_name,
        provider,
        billing_account_id,
        sub_account_id,
        billing_currency,
        billing_period,
        charge_date,
        charge_category,
        pricing_category,
        service_category,
        service_name,
        region_id,
        cost_layer,
        pool_kind,
        rule,
        case
            when pool_kind = 'gpu_cluster' then window_of_machine
            when pool_kind = 'bucket' then driver_window
            when pool_kind in ('rule', 'service', 'overhead') then rule_window
        end as driver_window,
        case pool_kind
            when 'gpu_cluster' then level_of_machine
            when 'bucket'
                then case storage_weights_from when 'bytes of the class' then 'storage_class' else 'bucket' end
            when 'commitment' then 'commitment'
            when 'owner' then 'owner'
            when 'idle' then 'namespace'
            when 'rest' then null
            else 'rule'
        end as pool_level,
        case pool_kind
            when 'gpu_cluster' then scope_of_machine || '/' || basis
            when 'bucket' then storage_scope
            else rule_scope
        end as driver_scope,
        case
            {%- if patient %}
            when rule_order in ({{ patient | join(', ') }}) then null
            {%- endif %}
            when pool_kind = 'gpu_cluster' and scope_of_machine is null
                then 'no gpu_hours of cluster ' || cluster || ' in ' || window_of_machine
            when pool_kind = 'bucket' and storage_scope is null and storage_measure = 'requests'
                then 'no storage_access and no storage_bytes of bucket ' || bucket || ' in ' || driver_window
            when pool_kind = 'bucket' and storage_scope is null
                then 'no storage_bytes of bucket ' || bucket || ' in ' || driver_window
            when pool_kind = 'rest' then {{ reason_without_owner() }}
        end as unallocated_reason,
        case when pool_kind = 'gpu_cluster' then cluster end as cluster,
        case when pool_kind = 'gpu_cluster' then gpu_model end as gpu_model,
        case when pool_kind = 'gpu_cluster' then capacity_type end as capacity_type,
        case when pool_kind = 'bucket' then bucket end as bucket,
        case when pool_kind = 'bucket' then storage_class end as storage_class,
        case when pool_kind = 'bucket' then storage_measure end as storage_measure,
        case
            when pool_kind = 'commitment' then commitment_discount_id
            -- taken by a rule of its own, and idle all the same
            when is_unused_commitment then coalesce(commitment_discount_id, '?')
        end as commitment_discount_id,
        case when pool_kind in ('owner', 'rule', 'rest') then model_id end as model_id,
        case when pool_kind in ('owner', 'rule', 'rest') then token_direction end as token_direction,
        {%- for column in owner_columns if column != 'model_name' %}
        {{ by_rule(
            owners.get(column, {}), otherwise="case when pool_kind in ('owner', 'commitment', 'idle') then " ~ column ~ ' end'
        ) }} as {{ column }},
        {%- endfor %}
        -- a managed model's meter names the model, even where nobody tagged the calls; that alone is no owner
        {{ by_rule(
            owners.get('model_name', {}),
            otherwise="case when pool_kind in ('owner', 'commitment', 'idle', 'rest') then coalesce(model_name, model_id) end",
        ) }} as model_name,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from charges_with_pool_kind

)

select
    {{ digest(pool_key_columns()) }} as pool_id,
    *
from charges_with_pool_facts
