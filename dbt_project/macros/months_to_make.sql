{#- The months that a run allocates and sums up again: {'billing_periods': [...], 'months': [...]} by name, or none for
    all of them. int_month_inputs says which inputs have changed; this says what depends on them.

    - A delivery that has changed has its billing period made again, all sources of it, because overhead follows the cost
      of the whole period.
    - Where a changed input decides what others pay, so has every period that reaches into those months: a UTC day can be
      billed in two periods (Google's months end in Pacific time), and corrections come months later.
    - `months` are all calendar months that these periods reach into: what has to be read to make them, and the days of
      the marts that have to be summed up again.
    - `deciding_months` are those in which a changed input decides what others pay, for what looks back at them from the
      months after (`all_months`: those there are).
    - A table that is also made from a side file (config `side_file`) has all its months made again when that file has
      changed; nothing else has. `node` is the table's node, by default that of the model at work.

    While dbt parses, and in a warehouse without int_month_inputs (a test of a few models), it is none. -#}
{% macro months_to_make(node=none) %}
    {%- if not execute -%}
        {%- do ref('int_month_inputs') -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set inputs = adapter.get_relation(target.database, target.schema, 'int_month_inputs') -%}
    {%- if inputs is none -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set made -%}
        with inputs as (select * from {{ inputs }}),
        changed as (select * from inputs where is_changed),
        reach as (
            select distinct billing_period, unnest(months) as month from inputs where billing_period is not null
        ),
        periods as (
            select billing_period from changed where billing_period is not null
            union
            select billing_period from reach where month in (select unnest(deciding_months) from changed)
        )
        select 'billing_periods' as kind, billing_period as name from periods
        union
        select 'months', month from reach where billing_period in (select billing_period from periods)
        union
        select 'months', unnest(months) from changed
        union
        select 'deciding_months', unnest(deciding_months) from changed
        union
        select 'all_months', month from reach
        union
        select 'side_files', replace(input, 'side file ', '') from changed where input like 'side file %'
        union
        select 'kept', billing_period from reach where billing_period not in (select billing_period from periods)
        order by all
    {%- endset -%}
    {%- set of_kind = {'billing_periods': [], 'months': [], 'deciding_months': [], 'all_months': [], 'side_files': [], 'kept': []} -%}
    {%- for row in run_query(made).rows -%}
        {%- do of_kind[row[0]].append(row[1]) -%}
    {%- endfor -%}
    {%- set is_of_changed_file = (node or model).config.side_file in of_kind.side_files -%}
    {{- return(of_kind if of_kind.kept and not is_of_changed_file else none) -}}
{% endmacro %}
