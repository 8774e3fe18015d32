{#- What kind of idle hours a consumer key stands for; null for consumers that use what they pay for. `~idle` was held
    by nobody. `~held_idle|team=search` was held by search, which pays for it; `~held_idle` was held by somebody, and
    nobody pays. -#}
{% macro idle_type_of(consumer_key) -%}
    case
        when {{ consumer_key }} = {{ idle_consumer_key() }} then 'unallocated_capacity'
        when left({{ consumer_key }}, 1) = '~' and {{ consumer_key }} <> {{ unexplained_consumer_key() }}
            then split_part(substr({{ consumer_key }}, 2), '|', 1)
    end
{%- endmacro %}


{#- Whether a consumer key stands for idle hours that nobody pays for: those have no holder after a `|`. -#}
{% macro is_nobodys_idle(consumer_key) -%}
    (
        left({{ consumer_key }}, 1) = '~'
        and position('|' in {{ consumer_key }}) = 0
        and {{ consumer_key }} <> {{ unexplained_consumer_key() }}
    )
{%- endmacro %}


{#- The key of who pays: that of the holder, where the key stands for what they held and did not use. -#}
{% macro holder_key(consumer_key) -%}
    case
        when left({{ consumer_key }}, 1) = '~'
            then substr({{ consumer_key }}, position('|' in {{ consumer_key }}) + 1)
        else {{ consumer_key }}
    end
{%- endmacro %}
