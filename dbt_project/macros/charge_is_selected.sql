{#- Whether a charge has, for every column that a side file's rule names, one of the values named. rules: the relation
    with the columns <prefix>_<FOCUS column>, lists of patterns or null; the charge stands in charges and meters. -#}
{% macro charge_is_selected(rules, prefix) -%}
    {%- for focus_name, column in charge_selection_columns().items() %}
    (
        {{ rules }}.{{ prefix }}_{{ focus_name }} is null
        or {{ like_any(column, rules ~ '.' ~ prefix ~ '_' ~ focus_name) }}
    )
    {{ 'and' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
