{#- The months whose charges a run maps: [[source, billing period], ...], or none for all of them (int_delivered_months).

    The open month is delivered again every day, closed ones hardly ever. A month stands alone in normalization, so the
    charges of one whose deliveries are as they were are kept (materialize_kept_months.sql). It is none while dbt
    parses, and in a warehouse without that table (a test of a few models). -#}
{% macro months_to_map() %}
    {%- if not execute -%}
        {%- do ref('int_delivered_months') -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set delivered = adapter.get_relation(target.database, target.schema, 'int_delivered_months') -%}
    {%- if delivered is none -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set months = [] -%}
    {%- set kept = [] -%}
    {%- for row in run_query('select source_name, billing_period, is_kept from ' ~ delivered ~ ' order by all').rows -%}
        {%- do (kept if row[2] else months).append([row[0], row[1]]) -%}
    {%- endfor -%}
    {{- return(months if kept else none) -}}
{% endmacro %}
