{#- A table that keeps the rows of months that need not be made again. The others go and the new ones come in one
    transaction, so that a run that fails leaves both as they were. What a model makes beyond those months is left out:
    a step may need more than it makes, as a day of the next month that an invoice still counts.

    `kept_by` names what decides: 'delivery' (columns source_name and billing_period; see months_to_map), else the
    column to look at: a billing period, a month's name, or a day (see months_to_make). A model that looks back makes so
    many `following` months again. `side_file` names one that all months are made from: when it changes, all are made. -#}
{% materialization kept_months, adapter='duckdb' %}
    {%- set kept_by = config.require('kept_by') -%}
    {%- set following = config.get('following', 0) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set of_deliveries = kept_by == 'delivery' -%}
    {%- set delivered = adapter.get_relation(target.database, target.schema, 'int_delivered_months') -%}
    {%- set months = months_to_map() if of_deliveries else months_to_make() -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        {%- if months is none or existing is none %}
        {%- if existing is not none %}
        drop {{ existing.type }} if exists {{ existing }};
        {%- endif %}
        {%- set conditions = conditions_of_months_apart(delivered) if of_deliveries else ['true'] %}
        {%- for condition in conditions %}
        {%- set rows = 'select * from (' ~ compiled_code ~ ') as made where ' ~ condition %}
        {{ create_table_as(False, target, rows) if loop.first else 'insert into ' ~ target ~ ' by name ' ~ rows }};
        {%- endfor %}
        {%- elif of_deliveries %}
        {#- by name: most of a long table's rows are passed over unread -#}
        {%- set gone -%}
            select source_name, billing_period from {{ months_mapped() }}
            where
                (source_name, billing_period) not in (
                    select (source_name, billing_period) from {{ delivered }}
                    where is_kept
                )
            order by all
        {%- endset %}
        delete from {{ target }}
        where {{ is_of_months(run_query(gone).rows) }};
        insert into {{ target }} by name {{ compiled_code }};
        {%- else %}
        delete from {{ target }}
        where {{ is_of_months_made(kept_by, following) }};
        insert into {{ target }} by name
        select * from ({{ compiled_code }}) as made
        where {{ is_of_months_made(kept_by, following) }};
        {%- endif %}
        {%- if of_deliveries %}
        drop table if exists {{ months_mapped() }};
        {%- if made_with() %}
        create table {{ months_mapped() }} as select source_name, billing_period, made_from from {{ delivered }};
        {%- endif %}
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- Conditions that divide charges by billing period, in order: what came long ago, then each of the newest three months.
    Made one after the other, a month's rows lie together, as they do where each came with a run of its own; all at once
    they lie as the threads were done with them, and who reads one month reads parts of others. The newest are read and
    delivered again most; each of them costs another look at all lines. -#}
{% macro conditions_of_months_apart(delivered) %}
    {%- set conditions = [] -%}
    {%- if delivered is not none -%}
        {%- set periods = 'select distinct billing_period from ' ~ delivered ~ ' order by 1 desc limit 4' -%}
        {#- before the oldest of four, or of fewer, nothing has to be cut off -#}
        {%- set starts = (run_query(periods).columns[0].values() | reverse | list)[1:] -%}
        {%- for start in [none] + starts -%}
            {%- set bounds = [] -%}
            {%- if start -%}
                {%- do bounds.append('billing_period >= ' ~ text_literal(start)) -%}
            {%- endif -%}
            {%- if not loop.last -%}
                {%- do bounds.append('billing_period < ' ~ text_literal(starts[loop.index0])) -%}
            {%- endif -%}
            {%- do conditions.append(bounds | join(' and ') or 'true') -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(conditions or ['true']) -}}
{% endmacro %}


{#- Where a run notes what the charges of each delivered month were mapped from. -#}
{% macro months_mapped() -%}
    {{- return(api.Relation.create(database=target.database, schema=target.schema, identifier='months_mapped')) -}}
{%- endmacro %}


{#- The same note as the run before left it, where this run may keep charges by it; else none. -#}
{% macro months_mapped_before() -%}
    {%- if not execute or not made_with() or env_var('FINOPS_REBUILD', '') -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set charges = adapter.get_relation(target.database, target.schema, 'int_charges_attributed_to_owners') -%}
    {%- set mapped = adapter.get_relation(target.database, target.schema, 'months_mapped') -%}
    {{- return(none if charges is none else mapped) -}}
{%- endmacro %}
