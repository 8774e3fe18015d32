{#- The UTC instant of a text with or without a zone: without one it is UTC. The engine's plain cast reads an offset
    (`+02:00`) and passes over it, so that a charge would stand hours away, perhaps in another month. -#}
{% macro utc_instant(text) -%}
{{ return(adapter.dispatch('utc_instant')(text)) }}
{%- endmacro %}

{% macro default__utc_instant(text) -%}
case
    when {{ text }} like '%:%+%' or {{ text }} like '%:%-%' then timezone('UTC', cast({{ text }} as timestamptz))
    else cast({{ text }} as timestamp)
end
{%- endmacro %}
