{#- Whether a charge is the part of a machine that Google's cost allocation gave to one namespace, or left over. -#}
{% macro is_split_by_gke(charges) -%}
    coalesce({{ charges }}.gke_namespace not like 'goog-k8s-un%', false)
{%- endmacro %}


{#- The namespace that Google names on a machine's line, under the one key it uses. Looked up and not searched for: all
    other tags are compared without case and separators, which takes 20 microseconds a charge. -#}
{% macro gke_namespace(charges) -%}
    case when {{ charges }}.provider = 'gcp' and {{ charges }}.is_cluster_machine
        then nullif(trim({{ charges }}.tags['k8s-namespace']), '') end
{%- endmacro %}
