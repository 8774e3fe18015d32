{#- How telemetry calls what a machine is bought as, as the bill is classified: Kubernetes' schedulers and the clouds'
    node labels have words of their own (`on-demand`, `Regular`, `preemptible`). -#}
{% macro capacity_type_key(capacity_type) -%}
    case replace(replace(replace(lower({{ capacity_type }}), '-', ''), '_', ''), ' ', '')
        when 'ondemand' then 'on_demand'
        when 'standard' then 'on_demand'
        when 'regular' then 'on_demand'
        when 'preemptible' then 'spot'
        when 'capacityblock' then 'block'
        else lower({{ capacity_type }})
    end
{%- endmacro %}
