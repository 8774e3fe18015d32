{#- What a row of a rule's feed counts. Tokens count by the rule's weights, where it gives some: tokens read, written,
    read from a cache and written to one have prices of their own, and models have, too. Cached tokens are among the
    input tokens of the feed, and weigh like them unless the rule says otherwise. -#}
{% macro driver_quantity(rule) -%}
    {%- if rule.driver != 'tokens' or not (rule.weights or rule.model_weights) -%}
        {{ driver_feeds()[rule.driver].quantity }}
    {%- else -%}
        case lower(model_name)
            {%- for model, weights in rule.model_weights.items() %}
            when {{ text_literal(model) }} then {{ weighted_tokens(dict(rule.weights, **weights)) }}
            {%- endfor %}
            {#- a case needs a branch: no model is called by the empty text #}
            {%- if not rule.model_weights %}
            when '' then null
            {%- endif %}
            else {{ weighted_tokens(rule.weights) }}
        end
    {%- endif -%}
{%- endmacro %}


{% macro weighted_tokens(weights) -%}
    {%- set input = weights.get('input', 1000000) -%}
    {%- set cached = {'cached_input_tokens': 'cached_input', 'cache_write_tokens': 'cache_write'} -%}
    {{ weighted('input_tokens', input) }} + {{ weighted('coalesce(output_tokens, 0)', weights.get('output', 1000000)) }}
    {%- for column, kind in cached.items() if weights.get(kind, input) != input %}
    + {{ weighted('coalesce(' ~ column ~ ', 0)', weights[kind] - input) }}
    {%- endfor -%}
{%- endmacro %}


{% macro weighted(tokens, millionths) -%}
    cast({{ tokens }} as decimal(24, 6)) * cast({{ millionths / 1000000 }} as decimal(13, 6))
{%- endmacro %}
