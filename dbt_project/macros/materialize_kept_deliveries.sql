{#- A table of landed rows that keeps the deliveries it has. Those that are not live any more go and the new ones come
    in one transaction; only files of the new ones are opened, where a view opens those of all years whenever it is read.
    Its columns are source_name, delivery_id and landed_file beside its own. A staging model of a feed reads
    `landed(source, kept_in=this)`; a model of a staging view takes the rows where `is_not_kept_in(this, table_name)`. -#}
{% materialization kept_deliveries, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set kept = deliveries_kept_in(this) -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        {%- if kept is none %}
        {%- if existing is not none %}
        drop {{ existing.type }} if exists {{ existing }};
        {%- endif %}
        {{ create_table_as(False, target, compiled_code) }};
        comment on table {{ target }} is {{ text_literal(made_with()) }};
        {%- else %}
        delete from {{ target }}
        where (source_name, delivery_id, landed_file) not in (
            select (deliveries.source_name, deliveries.delivery_id, files.file.name)
            from
                read_parquet({{ path_list(landed_files('deliveries')) }}, hive_partitioning = false) as deliveries,
                unnest(deliveries.files) as files (file)
            where deliveries.status = 'live'
        );
        insert into {{ target }} by name {{ compiled_code }};
        {%- if is_scattered(target) %}
        create or replace table {{ target }} as select * from {{ target }};
        comment on table {{ target }} is {{ text_literal(made_with()) }};
        {%- endif %}
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- Whether a table lies in many small pieces: what a run adds is a row group of its own, and none are merged
    (`max_vacuum_tasks` in profiles.yml). A file a day would be a thousand in three years, and ten times as slow to read. -#}
{% macro is_scattered(relation) %}
    {%- set pieces -%}
        select count(distinct row_group_id) > 24 + 2 * (select count(*) from {{ relation }}) / 122880
        from pragma_storage_info({{ text_literal(relation) }})
    {%- endset -%}
    {{- return(run_query(pieces).rows[0][0]) -}}
{% endmacro %}


{#- The table as it stands, if this run may keep its rows; none where all of them are read anew: in a new warehouse,
    with --rebuild, and where code or engines are others than those that made it. Those are noted as the table's comment. -#}
{% macro deliveries_kept_in(relation) %}
    {%- set existing = adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
    {%- if not made_with() or env_var('FINOPS_REBUILD', '') or existing is none -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set noted -%}
        select count(*) from duckdb_tables()
        where
            database_name = {{ text_literal(relation.database) }}
            and schema_name = {{ text_literal(relation.schema) }}
            and table_name = {{ text_literal(relation.identifier) }}
            and comment = {{ text_literal(made_with()) }}
    {%- endset -%}
    {{- return(existing if run_query(noted).rows[0][0] else none) -}}
{% endmacro %}


{#- The condition that a row is of a delivery of a landed table whose rows a table does not have yet. By name, so that
    the files of other deliveries are passed over. -#}
{% macro is_not_kept_in(relation, table_name) %}
    {#- a unit test has no `this` -#}
    {%- set kept = deliveries_kept_in(relation) if execute and relation else none -%}
    {%- if kept is none -%}
        {{- return('true') -}}
    {%- endif -%}
    {%- set missing -%}
        select delivery_id from read_parquet({{ path_list(landed_files('deliveries')) }}, hive_partitioning = false)
        where
            status = 'live'
            and table_name = {{ text_literal(table_name) }}
            and delivery_id not in (select delivery_id from {{ kept }})
        order by all
    {%- endset -%}
    {%- set ids = run_query(missing).columns[0].values() -%}
    {{- return('delivery_id in ' ~ text_list(ids | list) if ids else 'false') -}}
{% endmacro %}
