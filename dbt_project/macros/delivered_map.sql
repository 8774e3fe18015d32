{#- A delivered map column as MAP: Parquet delivers a MAP, CSV its JSON text; null where the export leaves it out. -#}
{% macro delivered_map(delivered, name) %}
    {%- if name not in delivered -%}
        {{- return('cast(null as map(varchar, varchar))') -}}
    {%- elif delivered[name].type.startswith('MAP') -%}
        {{- return('cast(' ~ adapter.quote(delivered[name].name) ~ ' as map(varchar, varchar))') -}}
    {%- endif -%}
    {{- return(text_to_map('cast(' ~ adapter.quote(delivered[name].name) ~ ' as varchar)')) -}}
{% endmacro %}
