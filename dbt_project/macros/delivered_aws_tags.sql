{#- The tags of a delivered AWS line. delivered_aws_tag_columns() are the columns they stand in, as SQL names;
    delivered_aws_tags() is the one map of them. -#}
{% macro delivered_aws_tag_columns(delivered, is_legacy) %}
    {%- set columns = [] -%}
    {%- for lower_name, column in delivered.items() -%}
        {%- set is_tag = lower_name.startswith('resourcetags/') or lower_name.startswith('resource_tags_') -%}
        {%- if (is_legacy and is_tag) or (not is_legacy and lower_name in ['tags', 'resource_tags']) -%}
            {%- do columns.append(adapter.quote(column.name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {#- A report without any tags: one set, that of no tags. -#}
    {{- return(columns or ['cast(null as varchar)']) -}}
{% endmacro %}

{% macro delivered_aws_tags(delivered, is_legacy) -%}
    {%- if is_legacy -%}
        {{- columns_to_map(delivered, ['resourceTags/', 'resource_tags_']) -}}
    {%- else -%}
        {{- merge_maps([delivered_map(delivered, 'tags'), delivered_map(delivered, 'resource_tags')]) -}}
    {%- endif -%}
{%- endmacro %}
