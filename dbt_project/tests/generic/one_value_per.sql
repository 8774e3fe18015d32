{#- Claims that the columns have one value (nulls counting as one) for each combination of the per_columns. -#}
{% test one_value_per(model, of_columns, per_columns) %}

select {{ per_columns | join(', ') }}
from (
    select distinct {{ (per_columns + of_columns) | join(', ') }}
    from {{ model }}
) as combinations
group by {{ per_columns | join(', ') }}
having count(*) > 1

{% endtest %}
