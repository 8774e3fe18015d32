{#- A query: one row per source and billing period that is delivered, with `made_from`, a digest of all that its charges
    are mapped from: the live deliveries, the columns their table has by now (a file of other types changes how the
    others are read), and `made_with`, what a run names for everything else. -#}
{% macro delivered_months(made_with) %}
    {%- set live = 'from read_parquet(' ~ path_list(landed_files('deliveries')) ~ ", hive_partitioning = false)
        where status = 'live' and provider <> 'usage'" -%}
    {%- set shapes = {} -%}
    {%- for row in run_query('select distinct table_name ' ~ live ~ ' order by table_name').rows -%}
        {%- set read = adapter.dispatch('read_landed_files')(landed_files(row[0])) -%}
        {%- set columns = [] -%}
        {%- for column in run_query('describe select * from ' ~ read).rows -%}
            {%- do columns.append(column[0] ~ ' ' ~ column[1]) -%}
        {%- endfor -%}
        {%- do shapes.update({row[0]: local_md5(columns | join(','))}) -%}
    {%- endfor -%}
    select
        source_name,
        billing_period,
        md5(string_agg(
            concat_ws(
                '/', source_name, billing_period, table_name, variant, delivery_id, identity, rows,
                case table_name {% for table, shape in shapes.items() %}when '{{ table }}' then '{{ shape }}' {% endfor %}
                else '' end,
                {{ text_literal(made_with) }}
            ),
            ' ' order by table_name, variant, delivery_id
        )) as made_from
    {{ live }}
    group by source_name, billing_period
{%- endmacro %}
