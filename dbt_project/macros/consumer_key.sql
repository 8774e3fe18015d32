{#- One text for a consumer: its filled columns as `column=value`, separated by `|`. Two consumers have the same key
    only if all columns are equal; the key decides ties in a split, so it must not depend on row order or engine. -#}
{% macro consumer_key(columns=none, relation=none) -%}
    concat_ws(
        '|',
        {%- for column in columns or consumer_columns() %}
        '{{ column }}=' || replace(replace({{ relation ~ '.' if relation }}{{ column }}, '%', '%25'), '|', '%7C')
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
