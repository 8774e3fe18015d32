{#- The machine a charge pays for. Machines that the bill does not name stand together by price. -#}
{% macro machine_id(charges) -%}
    coalesce(
        lower({{ charges }}.resource_id),
        lower({{ charges }}.resource_name),
        concat_ws(
            '/', 'unnamed', lower({{ charges }}.cluster), lower({{ charges }}.node_pool), {{ charges }}.gpu_model,
            {{ charges }}.capacity_type
        )
    )
{%- endmacro %}
