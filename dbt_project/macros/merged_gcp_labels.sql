{#- The tags of Google rows, once for each month and combination of the four lists that they come in: a bill has
    millions of rows and some hundred combinations, and making a MAP of lists is a third of the work of mapping a row.
    By month, so that who asks for the rows of one has no others read for their labels. Of a key that
    several lists have, labels of the resource win over its tags, and those over the project's labels.
    rows: of the landed table. -#}
{% macro merged_gcp_labels(rows) %}
    select
        billing_period,
        labels,
        tags,
        project_labels,
        system_labels,
        {{ merge_maps(['project_label_map', 'tag_map', 'label_map', 'system_label_map']) }} as merged_tags

    from (
        select
            *,
            {{ entries_to_map('project_labels') }} as project_label_map,
            {{ entries_to_map('tags') }} as tag_map,
            {{ entries_to_map('labels') }} as label_map,
            {{ entries_to_map('system_labels') }} as system_label_map

        from (
            select distinct
                x_billing_period as billing_period,
                labels,
                tags,
                project.labels as project_labels,
                system_labels

            from {{ rows }}
        ) as label_lists
    ) as label_maps
{%- endmacro %}
