{#- A 64-bit number over several expressions, nulls told apart, for joins over many columns: the engine's own hash, equal
    for equal values within one run. Two values may share it, so whoever joins by it must not take a match for granted:
    a test of the key that the join gives. -#}
{% macro fingerprint(expressions) -%}
    {{ return(adapter.dispatch('fingerprint')(expressions)) }}
{%- endmacro %}

{% macro default__fingerprint(expressions) -%}
    hash(
        {%- for expression in expressions %}
        {{ expression }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
