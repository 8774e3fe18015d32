{#- The key of a provider from the name a FOCUS delivery gives it: aws, gcp, azure, or the name itself. The inverse of
    provider_name(). -#}
{% macro provider_key(name) -%}
case
    when {{ name }} = 'AWS' or {{ name }} ilike 'amazon web services%' then 'aws'
    when {{ name }} in ('GCP', 'Google') or {{ name }} ilike 'google cloud%' then 'gcp'
    when {{ name }} ilike 'microsoft%' then 'azure'
    else {{ name }}
end
{%- endmacro %}
