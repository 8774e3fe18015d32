{#- Claims that a model, or the rows that the test's `where` selects, is empty. Returns the rows that are there. -#}
{% test is_empty(model) %}

select * from {{ model }}

{% endtest %}
