{#- The cloud's name as FOCUS writes it. -#}
{% macro provider_name(provider) -%}
    case {{ provider }}
        when 'aws' then 'AWS'
        when 'gcp' then 'Google Cloud'
        when 'azure' then 'Microsoft'
        else {{ provider }}
    end
{%- endmacro %}
