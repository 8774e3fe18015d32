{#- A GPU model without its memory size. -#}
{% macro gpu_family(model_key) -%}
    replace({{ model_key }}, '-80gb', '')
{%- endmacro %}
