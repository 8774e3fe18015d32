{#- Claims that whatever is split again is split whole: the parts of a hop sum to the part they were cut from, in all
    four costs, and nothing is split that is also a final amount. Returns the parts where this does not hold. -#}
{% test hops_conserve_cost(model) %}

with taken_up as (

    select
        allocation_id,
        {{ 'allocated_' ~ cost_measures() | join(', allocated_') }}
    from {{ model }}
    where not is_final

),

parts as (

    select
        parent_allocation_id,
        {%- for measure in cost_measures() %}
        sum(allocated_{{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    where parent_allocation_id is not null
    group by parent_allocation_id

)

select
    taken_up.allocation_id,
    parts.parent_allocation_id
from taken_up
full outer join parts
    on taken_up.allocation_id = parts.parent_allocation_id
where
    taken_up.allocation_id is null
    or parts.parent_allocation_id is null
    {%- for measure in cost_measures() %}
    or taken_up.allocated_{{ measure }} <> parts.{{ measure }}
    {%- endfor %}

{% endtest %}
