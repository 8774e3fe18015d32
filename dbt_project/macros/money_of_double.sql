{#- An amount of a DOUBLE column as money() gives it, at a fifth to a half of the work: a DOUBLE that is a whole number
    of ten-thousand-millionths, or of millionths, of at most 15 digits has no shorter text than that number, so it needs
    no text. All others take the way by text. The test rounds and never casts: a cast of what is out of range would stop
    the run. -#}
{% macro money_of_double(amount) -%}
{{ return(adapter.dispatch('money_of_double')(amount)) }}
{%- endmacro %}

{% macro default__money_of_double(amount) -%}
case
    when abs({{ amount }}) < 1e5 and round({{ amount }} * 1e10) / 1e10 = {{ amount }}
        then cast(cast(round({{ amount }} * 1e10) as bigint) as decimal(20, 0)) * 0.000000000100000000
    when abs({{ amount }}) < 1e9 and round({{ amount }} * 1e6) / 1e6 = {{ amount }}
        then cast(cast(round({{ amount }} * 1e6) as bigint) as decimal(20, 0)) * 0.000001000000000000
    else {{ money(amount) }}
end
{%- endmacro %}
