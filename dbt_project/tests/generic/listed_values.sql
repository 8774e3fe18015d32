{#- Claims that each column has only values of its list, or none, in one pass over the model. Returns the offending
    rows' key and what stands where it should not. -#}
{% test listed_values(model, key, columns) %}

with checked as (

    select
        {{ key }},
        concat_ws(
            ', '
            {%- for column, values in columns.items() %},
            case
                when {{ column }} not in ({% for value in values %}{{ text_literal(value) }}{{ ', ' if not loop.last }}{% endfor %})
                    then '{{ column }} ' || {{ column }}
            end
            {%- endfor %}
        ) as unlisted_values
    from {{ model }}

)

select *
from checked
where unlisted_values <> ''

{% endtest %}
