{#- Claims that the shares of each group sum to exactly 1. Returns the groups that do not. -#}
{% test shares_sum_to_one(model, column_name, by) %}

select
    {{ by | join(',\n    ') }},
    sum({{ column_name }}) as sum_of_shares
from {{ model }}
group by {{ by | join(', ') }}
having sum({{ column_name }}) <> 1

{% endtest %}
