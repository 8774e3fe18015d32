{#- A DOUBLE as the decimal of its shortest round-trip text, without writing that text where it is safe: a decimal of at
    most 15 digits that is the same DOUBLE is its shortest text, because no two such decimals share one. Below 1000 that
    is a whole number of 1e-12, which covers nearly all amounts and prices at a seventh of the work; the rest goes by
    its text. -#}
{% macro double_as_money(amount) -%}
    {%- set quanta = 'round(' ~ amount ~ ' * 1e12)' -%}
    case
        when abs({{ amount }}) < 1000 and {{ quanta }} / cast(1e12 as double) = {{ amount }}
            then cast(
                cast(cast({{ quanta }} as bigint) as decimal(18, 0)) * cast(0.000000000001 as decimal(12, 12))
                as {{ money_type() }}
            )
        else cast(cast({{ amount }} as varchar) as {{ money_type() }})
    end
{%- endmacro %}
