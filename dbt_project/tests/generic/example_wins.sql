{#- Claims of a seed of regular expressions that every row's own example is matched by that row first: a new row that
    takes an older one's meters away fails here. Returns the rows whose example another row wins, or none. -#}
{% test example_wins(model, within=[]) %}

with patterns as (

    select * from {{ model }}

),

matches as (

    select
        patterns.pattern,
        patterns.example,
        winners.pattern as winning_pattern,
        row_number() over (
            partition by
                {% for column in within %}patterns.{{ column }}, {% endfor -%}
                patterns.priority
            order by winners.priority
        ) as place
    from patterns
    left join patterns as winners
        on
            {{ matches_pattern('patterns.example', 'winners.pattern') }}
            {%- for column in within %}
            and patterns.{{ column }} = winners.{{ column }}
            {%- endfor %}

)

select *
from matches
where
    place = 1
    and (winning_pattern is null or winning_pattern <> pattern)

{% endtest %}
