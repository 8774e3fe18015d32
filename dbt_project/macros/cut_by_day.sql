{#- Cuts usage intervals at UTC midnights. Gives every row of `relation` once a day it touches: `usage_date`, the given
    columns, and each measure's part of that day. A measure is taken to be even over its interval.

    The parts of an interval sum to its measure exactly: each is the difference of two running amounts, the last of
    which is the measure itself. Running amounts are cut off at 1e-9, so a part is off its even share by less. -#}
{% macro cut_by_day(relation, columns, measures) %}
    with intervals as (

        select
            {%- for column in columns + measures %}
            {{ column }},
            {%- endfor %}
            usage_start,
            usage_end,
            cast(usage_start as date) as first_date,
            -- the end is not included: an interval that ends at midnight does not touch the day that begins there
            cast(greatest(usage_end - interval 1 microsecond, usage_start) as date) as last_date
        from {{ relation }}

    ),

    touched_days as (

        select
            *,
            {{ each_day('first_date', 'last_date') }} as usage_date
        from intervals
        where first_date < last_date

    ),

    elapsed as (

        select
            *,
            {{ epoch_microseconds('usage_end') }} - {{ epoch_microseconds('usage_start') }} as whole_length,
            greatest(
                {{ epoch_microseconds('cast(usage_date as timestamp)') }} - {{ epoch_microseconds('usage_start') }}, 0
            ) as elapsed_before,
            {{ epoch_microseconds("cast(usage_date as timestamp) + interval 1 day") }}
            - {{ epoch_microseconds('usage_start') }} as elapsed_after
        from touched_days

    )

    select
        {%- for column in columns + measures %}
        {{ column }},
        {%- endfor %}
        first_date as usage_date
    from intervals
    where first_date = last_date
    union all
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        {%- for measure in measures %}
        case
            when usage_date = last_date then {{ measure }}
            else {{ running_amount(measure, 'elapsed_after') }}
        end - {{ running_amount(measure, 'elapsed_before') }} as {{ measure }},
        {%- endfor %}
        usage_date
    from elapsed
{% endmacro %}
