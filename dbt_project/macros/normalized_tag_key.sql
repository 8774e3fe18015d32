{#- A tag key as the owner keys are written: lower case, without separators. with_prefix=false also drops what the
    provider put in front of the user's own key (`user:team`, `user_team`, `k8s-label/team`). -#}
{% macro normalized_tag_key(key, with_prefix=true) -%}
regexp_replace(
    {%- if with_prefix -%}
        lower({{ key }})
    {%- else -%}
        regexp_replace(lower({{ key }}), '^(user[:_]|aws[:_]|k8s-label/)', '')
    {%- endif -%}
    , '[-_:. /]', '', 'g')
{%- endmacro %}
