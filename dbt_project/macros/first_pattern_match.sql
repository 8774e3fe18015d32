{#- For each meter the first row (lowest priority) of a seed of regular expressions that its text matches: all columns of
    the seed behind meter_key. Small tables on both sides, so that no expression runs once a billing line. -#}
{% macro first_pattern_match(meters, text_column, patterns, by_provider=true, by_service=true) -%}
    select
        {{ meters }}.meter_key,
        patterns.* exclude (example, pattern, priority{{ ', provider' if by_provider }}{{ ', service_key' if by_service }})

    from {{ meters }}
    inner join {{ patterns }} as patterns
        on
            {{ matches_pattern(meters ~ '.' ~ text_column, 'patterns.pattern') }}
            {%- if by_provider %}
            and {{ meters }}.provider = patterns.provider
            {%- endif %}
            {%- if by_service %}
            and lower({{ meters }}.service_key) = lower(patterns.service_key)
            {%- endif %}
    qualify row_number() over (partition by {{ meters }}.meter_key order by patterns.priority) = 1
{%- endmacro %}
