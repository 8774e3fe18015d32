{#- Cuts usage intervals at UTC hours, as cut_by_day does at midnights: `usage_hour` is the hour's first instant. -#}
{% macro cut_by_hour(relation, columns, measures) %}
    {{- cut_intervals(relation, columns, measures, 'hour') -}}
{% endmacro %}
