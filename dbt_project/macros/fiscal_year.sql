{#- One row: how many months after January the company's years begin (fiscal_year_begins in budgets.yaml). -#}
{% macro fiscal_year() -%}
    {%- if not execute -%}
        {{- return('(select 0 as fiscal_offset_months)') -}}
    {%- endif -%}
    {{- return(
        adapter.dispatch('read_landed_files')([env_var('FINOPS_HOME') ~ '/landing/rules/fiscal_year.parquet'])
    ) -}}
{%- endmacro %}


{#- The month of a day as if the fiscal year began in January: its year, quarter and number are those of the calendar
    then. `calendar` is the relation that has fiscal_offset_months. -#}
{% macro fiscal_month_start(calendar, day) -%}
    cast(date_trunc('month', {{ day }}) - {{ calendar }}.fiscal_offset_months * interval 1 month as date)
{%- endmacro %}


{#- How a fiscal year or quarter is called, FY2027 or FY2027-Q3, by the calendar year it ends in; one that begins in
    January by that year alone. `fiscal_start` is one of its months as fiscal_month_start() gives it. -#}
{% macro fiscal_period(calendar, period_kind, fiscal_start) -%}
    case when {{ calendar }}.fiscal_offset_months > 0 then 'FY' else '' end
    || cast(year({{ fiscal_start }}) + least({{ calendar }}.fiscal_offset_months, 1) as string)
    || case when {{ period_kind }} = 'quarter' then '-Q' || cast(quarter({{ fiscal_start }}) as string) else '' end
{%- endmacro %}
