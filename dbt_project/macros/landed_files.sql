{#- Absolute paths of the files behind one landed table: [declared columns, live parts ...] in a stable order. With
    `kept_in`, a table of rows that were landed before, without the parts it holds; with `of_months`, [[source, billing
    period], ...], those of these months alone. -#}
{% macro landed_files(table_name, kept_in=none, of_months=none) %}
    {%- set landing = env_var('FINOPS_HOME') ~ '/landing' -%}
    {%- set own_files = {
        'deliveries': landing ~ '/deliveries.parquet',
        'allocation_rules': landing ~ '/rules/allocation_rules.parquet',
        'owner_keys': landing ~ '/rules/owner_keys.parquet',
        'metrics': landing ~ '/rules/metrics.parquet',
        'model_alternatives': landing ~ '/rules/model_alternatives.parquet',
        'datasets': landing ~ '/rules/datasets.parquet',
        'vendors': landing ~ '/rules/vendors.parquet',
        'prepayments': landing ~ '/rules/prepayments.parquet',
        'ownership_rules': landing ~ '/rules/ownership_rules.parquet',
        'anomaly_feedback': landing ~ '/rules/anomaly_feedback.parquet',
        'budgets': landing ~ '/rules/budgets.parquet',
        'tag_policy': landing ~ '/rules/tag_policy.parquet',
        'invoices': landing ~ '/rules/invoices.parquet',
    } -%}
    {%- if table_name in own_files -%}
        {{- return([own_files[table_name]]) -}}
    {%- endif -%}
    {%- set files = [landing ~ '/' ~ table_name ~ '/_declared_columns.parquet'] -%}
    {%- set live_parts -%}
        select distinct parts.part.landed as landed
        from (
            select source_name, delivery_id, unnest(files) as part
            from read_parquet({{ path_list([own_files['deliveries']]) }}, hive_partitioning = false)
            where
                status = 'live' and table_name = '{{ table_name }}'
                {%- if of_months is not none %}
                and {{ is_of_months(of_months) }}
                {%- endif %}
        ) as parts
        where
            parts.part.landed is not null
            {%- if kept_in is not none %}
            and (source_name, delivery_id, parts.part.name) not in (
                select (source_name, delivery_id, landed_file) from {{ kept_in }}
            )
            {%- endif %}
        order by landed
    {%- endset -%}
    {%- for row in run_query(live_parts).rows -%}
        {%- do files.append(landing ~ '/' ~ row[0]) -%}
    {%- endfor -%}
    {{- return(files) -}}
{% endmacro %}
