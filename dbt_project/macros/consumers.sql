{#- Who uses what: the thirteen columns that name a consumer of cost, and the one text that stands for all of them. -#}

{#- The columns of a consumer, in the order of the contract. Usage feeds carry them all. -#}
{% macro consumer_columns() %}
    {{- return([
        'team', 'project', 'environment', 'model_name', 'model_version', 'workload', 'workload_type', 'dataset',
        'customer', 'run_id', 'business_unit', 'cost_center', 'owner',
    ]) -}}
{% endmacro %}

{#- The consumer columns that a tag on the charge itself can fill. -#}
{% macro tag_owner_columns() %}
    {{- return([
        'team', 'project', 'environment', 'model_name', 'workload_type', 'dataset', 'business_unit', 'cost_center',
        'owner',
    ]) -}}
{% endmacro %}

{#- One text for a consumer: its filled columns as `column=value`, separated by `|`. Two consumers have the same key only
    if all columns are equal; the key decides ties in a split, so it must not depend on row order or engine. -#}
{% macro consumer_key(columns=none, relation=none) -%}
    concat_ws(
        '|',
        {%- for column in columns or consumer_columns() %}
        '{{ column }}=' || replace(replace({{ relation ~ '.' if relation }}{{ column }}, '%', '%25'), '|', '%7C')
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- A short key over several text expressions; null differs from the empty text. -#}
{% macro digest(expressions) -%}
    md5(
        {%- for expression in expressions %}
        coalesce(cast({{ expression }} as string), chr(30)){{ " || chr(31) ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Keys of the two consumers that are nobody. Keys of real consumers contain `=`. -#}
{% macro idle_consumer_key() -%}
    '~idle'
{%- endmacro %}

{% macro unexplained_consumer_key() -%}
    '~not in the feed'
{%- endmacro %}
