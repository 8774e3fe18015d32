{#- The machine series or GPU model that a Google SKU names, of a commitment's fee or of usage: a commitment covers its
    own alone. Empty where it names none, as the oldest series do (`Commitment v1: Cpu ...`, `N1 Predefined ...`). -#}
{% macro gcp_commitment_family(sku_description) -%}
{%- set words = "regexp_replace(lower(" ~ sku_description ~ "), '^commitment v[0-9]+: ', '')" -%}
coalesce(
    nullif(regexp_extract({{ words }}, '(?:nvidia (?:tesla )?|tpu[ -]?)([a-z0-9]+(?: ?80 ?gb)?)', 1), ''),
    nullif(regexp_extract({{ words }}, '\b([a-z][0-9]+[a-z]?)\b', 1), 'n1'),
    ''
)
{%- endmacro %}
