{#- The months whose charges a run maps: [[source, billing period], ...], or none for all of them.

    The open month is delivered again every day, closed ones hardly ever. A month stands alone in normalization, so the
    charges of one whose deliveries are as they were are kept (materialize_kept_months.sql). All months are mapped where
    anything else may have changed, which only a run can know (FINOPS_MADE_WITH: its project, code, rules, configuration
    and engines), where all is to be built anew (FINOPS_REBUILD), and while capacity is prepaid, because that is spread
    over the days of later months. -#}
{% macro months_to_map() %}
    {%- set made_with = env_var('FINOPS_MADE_WITH', '') if execute else '' -%}
    {%- if not made_with or env_var('FINOPS_REBUILD', '') -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set kept = adapter.get_relation(this.database, this.schema, 'int_charges_attributed_to_owners') -%}
    {%- set state = adapter.get_relation(this.database, this.schema, 'months_mapped') -%}
    {%- set prepayments = 'select count(*) from read_parquet(' ~ path_list(landed_files('prepayments')) ~ ')' -%}
    {%- if kept is none or state is none or run_query(prepayments).rows[0][0] -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set delivered = delivered_months(made_with) -%}
    {%- set changed -%}
        select
            source_name,
            billing_period
        from ({{ delivered }}) as delivered
        where made_from not in (select made_from from {{ state }})
        order by all
    {%- endset -%}
    {%- set months = [] -%}
    {%- for row in run_query(changed).rows -%}
        {%- do months.append([row[0], row[1]]) -%}
    {%- endfor -%}
    {%- if months | length == run_query('select count(*) from (' ~ delivered ~ ')').rows[0][0] -%}
        {{- return(none) -}}
    {%- endif -%}
    {{- return(months) -}}
{% endmacro %}
