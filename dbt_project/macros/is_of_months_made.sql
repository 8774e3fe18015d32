{#- The condition that a row is of the months that a run makes again (months_to_make.sql), by a column: its billing
    period or that one's start, its day, or the day or month that a window's name begins with. `following`: with that
    many months after a changed one, for what looks back. -#}
{% macro is_of_months_made(column, following=0) -%}
    {%- set made = months_to_make() -%}
    {%- if made is none -%}
        true
    {%- elif column.endswith('billing_period') or column == 'x_BillingPeriod' -%}
        {{ begins_with_months(column, made.billing_periods) }}
    {%- elif column == 'BillingPeriodStart' -%}
        {{ touches_months(column, column, made.billing_periods) }}
    {%- elif column.endswith('driver_window') or column == 'month' -%}
        {{ begins_with_months(column, made.months) }}
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
    {%- for begin, end in ranges_of_months(months) %}
        {{- '(' if loop.first else ' or ' -}}
        ({{ last }} >= '{{ begin }}-01' and {{ first }} < '{{ end }}-01')
        {{- ')' if loop.last }}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}


{#- The condition that a text begins with one of these months. -#}
{% macro begins_with_months(column, months) -%}
    {%- for begin, end in ranges_of_months(months) %}
        {{- '(' if loop.first else ' or ' -}}
        ({{ column }} >= '{{ begin }}' and {{ column }} < '{{ end }}')
        {{- ')' if loop.last }}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}


{#- Months as ranges: [[first month, month after the last], ...]. The months that a run makes mostly follow one another,
    and a column that is held against one range is looked at before the others are read; by a list of months, row groups
    alone are passed over. -#}
{% macro ranges_of_months(months) -%}
    {%- set ranges = [] -%}
    {%- for month in months | unique | sort -%}
        {%- set next_month = modules.datetime.date.fromisoformat(month ~ '-28') + modules.datetime.timedelta(days=4) -%}
        {%- set open = ranges.pop() if ranges and ranges[-1][1] == month else [month] -%}
        {%- do ranges.append([open[0], next_month.strftime('%Y-%m')]) -%}
    {%- endfor -%}
    {{- return(ranges) -}}
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
