{#- Cuts usage intervals at UTC midnights. Gives every row of `relation` once a day it touches: `usage_date`, the given
    columns, and each measure's part of that day. A measure is taken to be even over its interval. -#}
{% macro cut_by_day(relation, columns, measures) %}
    {{- cut_intervals(relation, columns, measures, 'day') -}}
{% endmacro %}
