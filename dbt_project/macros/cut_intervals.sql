{#- Cuts usage intervals at the beginnings of UTC days or hours; see cut_by_day and cut_by_hour.

    The parts of an interval sum to its measure exactly: each is the difference of two running amounts, the last of
    which is the measure itself. Running amounts are cut off at 1e-9, so a part is off its even share by less. -#}
{% macro cut_intervals(relation, columns, measures, unit) %}
    {%- set cut = {'day': 'usage_date', 'hour': 'usage_hour'}[unit] %}
    with intervals as (

        select
            {%- for column in columns + measures %}
            {{ column }},
            {%- endfor %}
            usage_start,
            usage_end,
            {{ start_of_unit(unit, 'usage_start') }} as first_cut,
            -- the end is not included: an interval that ends at midnight does not touch the day that begins there
            {{ start_of_unit(unit, 'greatest(usage_end - interval 1 microsecond, usage_start)') }} as last_cut
        from {{ relation }}

    ),

    touched as (

        select
            *,
            {{ each_day('first_cut', 'last_cut') if unit == 'day' else each_hour('first_cut', 'last_cut') }} as {{ cut }}
        from intervals
        where first_cut < last_cut

    ),

    elapsed as (

        select
            *,
            {{ epoch_microseconds('usage_end') }} - {{ epoch_microseconds('usage_start') }} as whole_length,
            greatest(
                {{ epoch_microseconds('cast(' ~ cut ~ ' as timestamp)') }} - {{ epoch_microseconds('usage_start') }}, 0
            ) as elapsed_before,
            {{ epoch_microseconds('cast(' ~ cut ~ ' as timestamp) + interval 1 ' ~ unit) }}
            - {{ epoch_microseconds('usage_start') }} as elapsed_after
        from touched

    )

    select
        {%- for column in columns + measures %}
        {{ column }},
        {%- endfor %}
        first_cut as {{ cut }}
    from intervals
    where first_cut = last_cut
    union all
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        {%- for measure in measures %}
        case
            when {{ cut }} = last_cut then {{ measure }}
            else {{ running_amount(measure, 'elapsed_after') }}
        end - {{ running_amount(measure, 'elapsed_before') }} as {{ measure }},
        {%- endfor %}
        {{ cut }}
    from elapsed
{% endmacro %}
