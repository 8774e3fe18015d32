{#- A MAP of the delivered columns whose name begins with one of the prefixes: {rest of the name: value}, blanks left out.
    Legacy CUR has one column a tag. Column names stay quoted identifiers, keys stay literals. -#}
{% macro columns_to_map(delivered, prefixes) %}
    {%- set columns = {} -%}
    {%- for lower_name, column in delivered.items() -%}
        {%- for prefix in prefixes if lower_name.startswith(prefix | lower) -%}
            {%- do columns.update({column.name[prefix | length:]: column.name}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(adapter.dispatch('map_of_columns')(columns)) -}}
{% endmacro %}

{% macro default__map_of_columns(columns) %}
    {%- if not columns -%}
        {{- return('cast(null as map(varchar, varchar))') -}}
    {%- endif -%}
    {%- set entries = [] -%}
    {%- for key, name in columns.items() -%}
        {%- do entries.append(
            "struct_pack(k := '" ~ (key | replace("'", "''")) ~ "', v := " ~ blank_to_null(adapter.quote(name)) ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set map_text = 'map_from_entries(list_filter([' ~ (entries | join(', ')) ~ '], lambda entry: entry.v is not null))' -%}
    {{- return('nullif(' ~ map_text ~ ', map {})') -}}
{% endmacro %}
