{#- Quantities of drivers as whole numbers, for `split_exactly` and for cutting intervals. -#}

{#- A decimal quantity in millionths, rounded half away from zero: the quantum of GPU-hours. -#}
{% macro millionths(quantity) -%}
    cast(cast({{ quantity }} as decimal(24, 6)) * cast(1000000 as decimal(7, 0)) as bigint)
{%- endmacro %}

{#- Millionths as the decimal they stand for. -#}
{% macro from_millionths(count) -%}
    cast({{ count }} as decimal(30, 0)) * cast(0.000001 as decimal(6, 6))
{%- endmacro %}

{#- quantity x numerator / denominator in whole numbers, cut off, with a product of up to 38 digits. -#}
{% macro whole_portion(quantity, numerator, denominator) -%}
    {{ return(adapter.dispatch('whole_portion')(quantity, numerator, denominator)) }}
{%- endmacro %}

{% macro default__whole_portion(quantity, numerator, denominator) -%}
    (cast({{ quantity }} as decimal(19, 0)) * cast({{ numerator }} as decimal(19, 0)) div {{ denominator }})
{%- endmacro %}

{% macro duckdb__whole_portion(quantity, numerator, denominator) -%}
    cast(cast({{ quantity }} as hugeint) * cast({{ numerator }} as hugeint) // {{ denominator }} as bigint)
{%- endmacro %}

{#- Microseconds since 1970 of an instant in UTC. -#}
{% macro epoch_microseconds(instant) -%}
    {{ return(adapter.dispatch('epoch_microseconds')(instant)) }}
{%- endmacro %}

{% macro default__epoch_microseconds(instant) -%}
    unix_micros({{ instant }})
{%- endmacro %}

{% macro duckdb__epoch_microseconds(instant) -%}
    epoch_us({{ instant }})
{%- endmacro %}

{#- One row for every day from first to last, both included. -#}
{% macro each_day(first, last) -%}
    {{ return(adapter.dispatch('each_day')(first, last)) }}
{%- endmacro %}

{% macro default__each_day(first, last) -%}
    explode(sequence({{ first }}, {{ last }}, interval 1 day))
{%- endmacro %}

{% macro duckdb__each_day(first, last) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date)
{%- endmacro %}
