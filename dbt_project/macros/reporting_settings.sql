{#- One row: the settings that the rules were landed with, and the company's exchange rates: for each currency the rates of
    all days from fx_first_day on, in their order, so that a day's rate is found by its place in the list. -#}
{% macro reporting_settings() -%}
    {%- if not execute -%}
        {{- return("(select 'XXX' as reporting_currency)") -}}
    {%- endif -%}
    {%- set folder = env_var('FINOPS_HOME') ~ '/landing/rules/' -%}
    {%- set settings = adapter.dispatch('read_landed_files')([folder ~ 'settings.parquet']) -%}
    {{- return(adapter.dispatch('settings_with_rates')(settings, exchange_rates())) -}}
{%- endmacro %}


{#- The landed rates: one row per currency and day. -#}
{% macro exchange_rates() -%}
    {%- if not execute -%}
        {{- return("(select 'XXX' as from_currency)") -}}
    {%- endif -%}
    {{- return(adapter.dispatch('read_landed_files')([env_var('FINOPS_HOME') ~ '/landing/rules/fx_rates.parquet'])) -}}
{%- endmacro %}

{% macro default__settings_with_rates(settings, rates) -%}
(
    select
        reporting_currency,
        (select min(day) from {{ rates }}) as fx_first_day,
        (
            select map_from_entries(list(struct_pack(k := from_currency, v := days)))
            from (
                select
                    from_currency,
                    list(struct_pack(rate := rate, rate_date := rate_date, source := source) order by day) as days
                from {{ rates }}
                group by from_currency
            ) as currencies
        ) as fx_rates
    from {{ settings }}
)
{%- endmacro %}
