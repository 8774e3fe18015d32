{#- A machine type as the seed gpu_instances spells it: lower case, without SageMaker's `ml.`; taken from the meter
    (`BoxUsage:p5.48xlarge`) where the bill has no column for it. -#}
{% macro machine_type(instance_type, meter_text) -%}
regexp_replace(
    lower(coalesce(nullif({{ instance_type }}, ''), regexp_extract({{ meter_text }}, ':([A-Za-z0-9.-]+)$', 1))),
    '^ml\.',
    ''
)
{%- endmacro %}
