{#- A short key over several text expressions; null differs from the empty text. -#}
{% macro digest(expressions) -%}
    md5(
        {%- for expression in expressions %}
        coalesce(cast({{ expression }} as string), chr(30)){{ " || chr(31) ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
