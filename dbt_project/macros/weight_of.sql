{#- A quantity as a weight of split_exactly: in millionths where the pool's largest quantity fits 64 bits so, else in
    whole units. -#}
{% macro weight_of(quantity, largest) -%}
    case
        when {{ largest }} < 900000000000 then {{ millionths(quantity) }}
        else cast(round({{ quantity }}) as bigint)
    end
{%- endmacro %}
