{#- A table, replaced in one statement. dbt-duckdb's own materialization builds beside the old table, renames both and
    drops the old one: three more statements a model, a seventh of a small run. Here the old table goes and the new one
    comes in one transaction, so that a model that fails leaves the old one as well. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- if model['language'] == 'python' %}
        {%- do drop_relation_if_exists(existing) -%}
    {%- endif %}
    {%- call statement('main', language=model['language']) -%}
        {%- if existing is not none and model['language'] == 'sql' %}
        drop {{ existing.type }} if exists {{ existing }};
        {%- endif %}
        {{ create_table_as(False, target, compiled_code, model['language']) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
