{#- The storage account that an Azure resource is or belongs to: the bucket of object storage. -#}
{% macro azure_storage_account_of(resource_id) -%}
case
    when lower({{ resource_id }}) like '%/storageaccounts/%'
        then regexp_extract({{ resource_id }}, '(?i)/storageaccounts/([^/]+)', 1)
end
{%- endmacro %}
