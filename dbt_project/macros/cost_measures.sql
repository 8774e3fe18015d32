{#- The four costs of a charge, in the order they are shown. -#}
{% macro cost_measures() %}
    {{- return(['billed_cost', 'effective_cost', 'list_cost', 'contracted_cost']) -}}
{% endmacro %}
