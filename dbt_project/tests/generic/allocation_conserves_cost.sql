{#- Claims that nothing was dropped and nothing invented: per key, the sum of the parts is the sum of what was split,
    to the last digit. Returns the keys that differ, with both sums. Groups of one side only differ too. -#}
{% test allocation_conserves_cost(model, allocated_column, of_model, of_column, by) %}

with allocated as (

    select
        {{ by | join(',\n        ') }},
        sum({{ allocated_column }}) as allocated_cost
    from {{ model }}
    group by {{ by | join(', ') }}

),

to_allocate as (

    select
        {{ by | join(',\n        ') }},
        sum({{ of_column }}) as cost_to_allocate
    from {{ of_model }}
    group by {{ by | join(', ') }}

),

compared as (

    select
        {%- for column in by %}
        coalesce(allocated.{{ column }}, to_allocate.{{ column }}) as {{ column }},
        {%- endfor %}
        to_allocate.cost_to_allocate,
        allocated.allocated_cost
    from to_allocate
    full outer join allocated
        on
            {%- for column in by %}
            {{ 'and ' if not loop.first }}to_allocate.{{ column }} is not distinct from allocated.{{ column }}
            {%- endfor %}

)

select * from compared
where cost_to_allocate is distinct from allocated_cost

{% endtest %}
