{#- The rows of one landed table: exactly the parts of its live deliveries, as the ledger lists them, never a folder
    listing. The zero-row `_declared_columns.parquet` goes first, so that every model builds with any mix of sources.
    Tables that the pipeline itself writes (the ledger, the rule tables) are one file each.

    At parse time nothing is read: the macro must not depend on FINOPS_HOME there, or every run would parse anew. -#}
{% macro landed(relation) %}
    {%- if not execute or relation.identifier.startswith('__dbt__cte__') -%}
        {{- return(relation) -}}
    {%- endif -%}
    {%- set files = landed_files(relation.identifier) -%}
    {{- return(adapter.dispatch('read_landed_files')(files)) -}}
{% endmacro %}

{% macro default__read_landed_files(files) -%}
read_parquet(['{{ files | map('replace', "'", "''") | join("', '") }}'], union_by_name = true)
{%- endmacro %}
