{#- FOCUS tools take an issuer that is not named like the provider for a third party; exports write the legal entity there
    (`Amazon Web Services, Inc.`). A legal entity of the provider is written as the provider; the entity is kept beside. -#}
{% macro invoice_issuer_of_provider(issuer, provider) -%}
case
    when {{ issuer }} is null then {{ provider }}
    when {{ provider }} = 'AWS' and {{ issuer }} ilike 'amazon%' then {{ provider }}
    when {{ provider }} = 'Google Cloud' and {{ issuer }} ilike 'google%' then {{ provider }}
    when {{ provider }} = 'Microsoft' and {{ issuer }} ilike 'microsoft%' then {{ provider }}
    else {{ issuer }}
end
{%- endmacro %}
