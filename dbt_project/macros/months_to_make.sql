{#- The months that a run allocates and sums up again: {'billing_periods': [...], 'months': [...]} by name, or none for
    all of them. int_month_inputs says which inputs have changed, int_months_to_make what depends on them.

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

    While dbt parses, and in a warehouse without int_months_to_make (a test of a few models), it is none. -#}
{% macro months_to_make(node=none) %}
    {%- if not execute -%}
        {%- do ref('int_months_to_make') -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set to_make = adapter.get_relation(target.database, target.schema, 'int_months_to_make') -%}
    {%- if to_make is none -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set names = {} -%}
    {%- for row in run_query('select kind, name from ' ~ to_make ~ ' order by all').rows -%}
        {%- do names.setdefault(row[0], []).append(row[1]) -%}
    {%- endfor -%}
    {%- if not names.kept_period or (node or model).config.side_file in names.get('side_file', []) -%}
        {{- return(none) -}}
    {%- endif -%}
    {{- return({
        'billing_periods': names.get('billing_period', []),
        'months': names.get('month', []),
        'deciding_months': names.get('deciding_month', []),
        'all_months': names.get('any_month', []),
    }) -}}
{% endmacro %}
