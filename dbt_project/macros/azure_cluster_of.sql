{#- AKS puts the nodes of a cluster into a resource group MC_<group>_<cluster>_<region>. -#}
{% macro azure_cluster_of(resource_group) -%}
case when {{ resource_group }} ilike 'MC\_%\_%\_%' escape '\' then split_part({{ resource_group }}, '_', -2) end
{%- endmacro %}
