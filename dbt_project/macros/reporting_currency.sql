{#- Money in the currency that reports are read in. Marts keep the billing currency and add these columns; sums never mix
    currencies. Only equal currencies have a rate so far: a rate table joins here, and nowhere else. Without a rate the
    amounts are null, never a guess. All of it expects `reporting_settings()` to be joined as `settings`. -#}

{#- The columns `reporting_currency, fx_rate, fx_rate_date, <amount>_reporting ...` of a relation that has
    billing_currency, a date and the amounts. -#}
{% macro reporting_columns(relation, amounts, date_column) %}
    settings.reporting_currency,
    {{ fx_rate(relation) }} as fx_rate,
    {{ fx_rate_date(relation, date_column) }} as fx_rate_date,
    {%- for amount in amounts %}
    {{ in_reporting_currency(relation, amount) }} as {{ amount }}_reporting{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- Reporting currency for one unit of billing currency. -#}
{% macro fx_rate(relation) -%}
    case when {{ relation }}.billing_currency = settings.reporting_currency then cast(1 as {{ money_type() }}) end
{%- endmacro %}

{#- The day the rate is of. -#}
{% macro fx_rate_date(relation, date_column) -%}
    case when {{ relation }}.billing_currency = settings.reporting_currency then {{ relation }}.{{ date_column }} end
{%- endmacro %}

{% macro in_reporting_currency(relation, amount) -%}
    case when {{ relation }}.billing_currency = settings.reporting_currency then {{ relation }}.{{ amount }} end
{%- endmacro %}

{#- One row: the settings that the rules were landed with. -#}
{% macro reporting_settings() -%}
    {%- if not execute -%}
        {{- return("(select 'XXX' as reporting_currency)") -}}
    {%- endif -%}
    {%- set file = env_var('FINOPS_HOME') ~ '/landing/rules/settings.parquet' -%}
    {{- return("(select reporting_currency from " ~ adapter.dispatch('read_landed_files')([file]) ~ ")") -}}
{%- endmacro %}
