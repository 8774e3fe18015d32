{#- The scale set that an Azure resource is or belongs to. -#}
{% macro azure_scale_set_of(resource_id) -%}
case
    when lower({{ resource_id }}) like '%/virtualmachinescalesets/%'
        then regexp_extract({{ resource_id }}, '(?i)/virtualmachinescalesets/([^/]+)', 1)
end
{%- endmacro %}
