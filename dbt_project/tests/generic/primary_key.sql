{#- Claims that the column is never null and never has the same value twice, in one pass over the model. -#}
{% test primary_key(model, column_name) %}

select
    {{ column_name }},
    count(*) as rows_with_this_key
from {{ model }}
group by {{ column_name }}
having count(*) > 1 or {{ column_name }} is null

{% endtest %}
