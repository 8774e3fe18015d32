{#- Claims that none of the columns is ever null: one query for many columns, where a view cannot carry constraints. -#}
{% test never_null(model, columns) %}

select
    {{ columns | join(',\n    ') }}
from {{ model }}
where
    {{ columns | join(' is null\n    or ') }} is null

{% endtest %}
