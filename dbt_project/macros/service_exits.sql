{#- An aggregate over the flows of one window: one row per service and exit, a struct (service, exit_service,
    closed_loop, weight), by finops_pipeline.reciprocal. The order makes the result that of the flows alone. -#}
{% macro service_exits(service, consumer_service, weight) -%}
    {{ return(adapter.dispatch('service_exits')(service, consumer_service, weight)) }}
{%- endmacro %}

{% macro default__service_exits(service, consumer_service, weight) -%}
    unnest(service_exits(list(
        {'service': {{ service }}, 'consumer_service': {{ consumer_service }}, 'weight': {{ weight }}}
        order by {{ service }}, {{ consumer_service }}
    )))
{%- endmacro %}
