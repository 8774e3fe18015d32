{#- A table that keeps the rows of months that need not be mapped again: see months_to_map. The others go, the new ones
    come and `months_mapped`, which says what the table is made from, changes in one transaction, so that a run that
    fails leaves all three as they were. The model has the columns source_name and billing_period. -#}
{% materialization kept_months, adapter='duckdb' %}
    {%- set made_with = env_var('FINOPS_MADE_WITH', '') -%}
    {%- set months = months_to_map() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set state = api.Relation.create(database=this.database, schema=this.schema, identifier='months_mapped') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        {%- if months is none %}
        {%- if existing is not none %}
        drop {{ existing.type }} if exists {{ existing }};
        {%- endif %}
        {{ create_table_as(False, target, compiled_code) }};
        {%- else %}
        delete from {{ target }}
        where (source_name, billing_period) not in (
            select (source_name, billing_period) from {{ state }}
            where made_from in (select made_from from ({{ delivered_months(made_with) }}))
        );
        insert into {{ target }} by name {{ compiled_code }};
        {%- endif %}
        drop table if exists {{ state }};
        {%- if made_with %}
        create table {{ state }} as {{ delivered_months(made_with) }};
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
