{#- Whether a regular expression (RE2 syntax, as in the seeds) matches anywhere in the text. -#}
{% macro matches_pattern(text, pattern) -%}
{{ return(adapter.dispatch('matches_pattern')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches_pattern(text, pattern) -%}
regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}
