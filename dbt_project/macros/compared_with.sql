{#- One operator of a rule's selection as SQL; null never fulfils a comparison but `not_in`. -#}
{% macro compared_with(column, operator, value) -%}
    {%- if operator == 'exists' -%}
        {{ column }} is {{ 'not ' if value }}null
    {%- elif operator in ['in', 'not_in'] -%}
        {%- if operator == 'not_in' %}({{ column }} is null or {% endif -%}
        {{ column }} {{ 'not ' if operator == 'not_in' }}in (
            {%- for text in value %}{{ text_literal(text) }}{{ ', ' if not loop.last }}{% endfor -%}
        )
        {%- if operator == 'not_in' %}){% endif -%}
    {%- else -%}
        (
        {%- for text in value -%}
            {%- if operator == 'starts_with' -%}
                left({{ column }}, {{ text | length }}) = {{ text_literal(text) }}
            {%- elif operator == 'ends_with' -%}
                right({{ column }}, {{ text | length }}) = {{ text_literal(text) }}
            {%- elif operator == 'contains' -%}
                instr({{ column }}, {{ text_literal(text) }}) > 0
            {%- elif operator == 'matches' -%}
                {{ matches_pattern(column, text_literal(text)) }}
            {%- else -%}
                {{- exceptions.raise_compiler_error("compared_with: unknown operator '" ~ operator ~ "'") -}}
            {%- endif -%}
            {{ ' or ' if not loop.last }}
        {%- endfor -%}
        )
    {%- endif -%}
{%- endmacro %}
