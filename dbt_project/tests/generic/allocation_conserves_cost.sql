{#- Claims that nothing was dropped and nothing invented: per key, the sum of the parts is the sum of what was split,
    to the last digit. `costs` maps each allocated column to the column it was split from. Returns the keys that
    differ, with both sums of every cost. Groups that stand on one side only differ too. `of_by` names the key columns
    where what was split has other names for them. -#}
{% test allocation_conserves_cost(model, costs, of_model, by, of_by=none) %}

with allocated as (

    select
        {{ by | join(',\n        ') }},
        {%- for allocated_column in costs %}
        sum({{ allocated_column }}) as {{ allocated_column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    group by {{ by | join(', ') }}

),

to_allocate as (

    select
        {%- for column in by %}
        {{ (of_by or by)[loop.index0] }} as {{ column }},
        {%- endfor %}
        {%- for column in costs.values() %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ months_beside(of_model, model) }} as of_model
    group by {{ (of_by or by) | join(', ') }}

),

compared as (

    select
        {%- for column in by %}
        coalesce(allocated.{{ column }}, to_allocate.{{ column }}) as {{ column }},
        {%- endfor %}
        {%- for allocated_column, column in costs.items() %}
        to_allocate.{{ column }} as {{ column }}_to_allocate,
        allocated.{{ allocated_column }} as {{ allocated_column }}_found{{ ',' if not loop.last }}
        {%- endfor %}
    from to_allocate
    full outer join allocated
        on
            {%- for column in by %}
            {{ 'and ' if not loop.first }}to_allocate.{{ column }} is not distinct from allocated.{{ column }}
            {%- endfor %}

)

select * from compared
where
    {%- for allocated_column, column in costs.items() %}
    {{ 'or ' if not loop.first }}{{ column }}_to_allocate is distinct from {{ allocated_column }}_found
    {%- endfor %}

{% endtest %}
