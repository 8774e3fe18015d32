{#- What of a GPU machine a charge pays for: cpu or memory where the bill has lines of their own for them, else gpu (the
    GPUs or the whole machine, or what hangs on it). -#}
{% macro machine_component(charges) -%}
    case
        when {{ charges }}.gpu_hours is not null or {{ charges }}.charge_category <> 'Usage' then 'gpu'
        when not {{ charges }}.is_cluster_machine then 'gpu'
        when {{ charges }}.pricing_unit = 'Hours' then 'cpu'
        when {{ charges }}.pricing_unit = 'GiB-Hours' then 'memory'
        else 'gpu'
    end
{%- endmacro %}
