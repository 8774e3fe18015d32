{#- Whether a charge is the part of a machine that Google's cost allocation gave to one namespace, or left over. -#}
{% macro is_split_by_gke(charges) -%}
    coalesce({{ gke_namespace(charges) }} not like 'goog-k8s-un%', false)
{%- endmacro %}


{#- The namespace that Google names on a machine's line. A `case`, so that no other line's labels are searched. -#}
{% macro gke_namespace(charges) -%}
    case when {{ charges }}.provider = 'gcp' and {{ charges }}.is_cluster_machine
        then {{ tag_value(charges ~ '.tags', 'k8snamespace') }} end
{%- endmacro %}
