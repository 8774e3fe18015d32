{#- A day as Azure exports write it: ISO, MM/DD/YYYY or M/D/YY, with or without a time. Text that is none of these is an
    error of the run. -#}
{% macro delivered_date(text) -%}
{{ return(adapter.dispatch('delivered_date')(text)) }}
{%- endmacro %}

{% macro default__delivered_date(text) -%}
case
    when {{ text }} like '%/%/%'
        then strptime({{ text }}, ['%m/%d/%y', '%m/%d/%Y', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %I:%M:%S %p'])
    else {{ utc_instant(text) }}
end
{%- endmacro %}
