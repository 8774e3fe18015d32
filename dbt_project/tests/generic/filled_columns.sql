{#- Claims that none of the columns is ever null, in one pass over the model. Returns the offending rows' key and the
    names of their empty columns. -#}
{% test filled_columns(model, key, columns) %}

with checked as (

    select
        {{ key }},
        concat_ws(
            ', '
            {%- for column in columns %},
            case when {{ column }} is null then '{{ column }}' end
            {%- endfor %}
        ) as empty_columns
    from {{ model }}

)

select *
from checked
where empty_columns <> ''

{% endtest %}
