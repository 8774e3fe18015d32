{#- Claims that no row of the usage feeds, which are read through this model's files, stands there twice. Returns feed,
    source, delivery, file and row. -#}
{% test rows_have_one_address(model, feeds) %}

{% for feed in feeds -%}
select
    '{{ feed }}' as feed,
    source_name,
    delivery_id,
    landed_file,
    landed_row,
    count(*) as times
from {{ ref('stg_usage__' ~ feed) }}
group by source_name, delivery_id, landed_file, landed_row
having count(*) > 1
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
