{#- Of an AWS amount the net or the gross one. Decided once a delivery (is_net): choosing per row would count private
    discounts twice. -#}
{% macro net_or_gross(net, gross) -%}
case when is_net then {{ net }} else {{ gross }} end
{%- endmacro %}
