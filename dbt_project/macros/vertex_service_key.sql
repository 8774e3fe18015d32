{#- The service of a Google charge by which it is looked up. Models of other makers that Vertex AI hosts are billed as
    services of their own, one a model (`Claude Sonnet 4.6`): Vertex AI's. -#}
{% macro vertex_service_key(service) -%}
case
    when {{ matches_pattern(service, "'(?i)^(claude|mistral|codestral|jamba|grok|llama|deepseek|qwen|gpt-oss) '") }}
        then 'Vertex AI'
    else {{ service }}
end
{%- endmacro %}
