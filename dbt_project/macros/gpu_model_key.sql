{#- A GPU model as it is compared: `NVIDIA-H100-80GB-HBM3`, `H100 80GB` and `h100` name one GPU to different tools.
    Vendor names, form factors and separators go; a memory size stays only where it tells two prices apart (A100). What
    Kubernetes says of a part of a GPU goes, too (`-MIG-1g.10gb`, `-SHARED`): the hours of a part are weighted already. -#}
{% macro gpu_model_key(model) -%}
    {%- set words = replace_pattern(
        replace_pattern('lower(' ~ model ~ ')', '[^a-z0-9]+', ' '), ' mig [0-9].*$', ''
    ) -%}
    {#- every word between blanks of its own, so that neighbouring words can both be taken out -#}
    {%- set separate_words = "replace(' ' || " ~ words ~ " || ' ', ' ', '  ')" -%}
    {%- set noise = ' (nvidia|tesla|amd|instinct|sxm[0-9]*|pcie|nvl|oam|mega|shared|hbm[0-9]e?|[0-9]+gb|[0-9]+q) ' -%}
    nullif(
        case
            when {{ words }} like '%a100%80%gb%' then 'a100-80gb'
            else replace({{ replace_pattern(separate_words, noise, '') }}, ' ', '')
        end,
        ''
    )
{%- endmacro %}
