{#- The condition that a row is of the months that a run makes again (months_to_make.sql), by a column: its billing
    period or that one's start, its day, or the day or month that a window's name begins with. Days stand in ranges:
    files and row groups say which they hold. `following`: with that many months after a changed one, for what looks
    back. -#}
{% macro is_of_months_made(column, following=0) -%}
    {%- set made = months_to_make() -%}
    {%- if made is none -%}
        true
    {%- elif column.endswith('billing_period') or column == 'x_BillingPeriod' -%}
        {{ column }} in {{ text_list(made.billing_periods) }}
    {%- elif column == 'BillingPeriodStart' -%}
        {{ touches_months(column, column, made.billing_periods) }}
    {%- elif column.endswith('driver_window') or column == 'month' -%}
        substr({{ column }}, 1, 7) in {{ text_list(made.months) }}
    {%- else -%}
        {{ touches_months(column, column, made.months + months_following(made, following)) }}
    {%- endif -%}
{%- endmacro %}


{#- The condition that a usage interval touches the months that a run makes again. -#}
{% macro touches_months_made(usage_start, usage_end) -%}
    {%- set made = months_to_make() -%}
    {{- 'true' if made is none else touches_months(usage_start, usage_end, made.months) -}}
{%- endmacro %}


{#- The condition that something lies in one of these months or reaches into one; instants or days. -#}
{% macro touches_months(first, last, months) -%}
    {%- for month in months %}
        {%- set next_month = (modules.datetime.date.fromisoformat(month ~ '-28') + modules.datetime.timedelta(days=4)) -%}
        {{ '(' if loop.first else ' or ' -}}
        ({{ last }} >= '{{ month }}-01' and {{ first }} < '{{ next_month.strftime('%Y-%m') }}-01')
        {{- ')' if loop.last }}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}


{#- The months that come at most so many months after one in which a changed input decides. -#}
{% macro months_following(made, following) -%}
    {%- set found = [] -%}
    {%- for month in made.all_months if month not in made.months -%}
        {%- for changed in made.deciding_months -%}
            {%- set months_after = (month[:4] | int - changed[:4] | int) * 12 + month[5:] | int - changed[5:] | int -%}
            {%- if 0 < months_after <= following and month not in found -%}
                {%- do found.append(month) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}


{#- The condition that a day is of a month that is made again, or of the so many before it: for what is looked back at
    by a model with as many `following` months. -#}
{% macro is_looked_back_at(column, months_back) -%}
    {%- set made = months_to_make() -%}
    {%- if made is none -%}
        {{- return('true') -}}
    {%- endif -%}
    {%- set seen = [] -%}
    {%- for month in made.months + months_following(made, months_back) -%}
        {%- set number = month[:4] | int * 12 + month[5:] | int - 1 -%}
        {%- for earlier in range(number - months_back, number + 1) -%}
            {%- set name = '%04d-%02d' | format(earlier // 12, earlier % 12 + 1) -%}
            {%- if name not in seen -%}
                {%- do seen.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(touches_months(column, column, seen | sort)) -}}
{%- endmacro %}
