{#- The days of which a feed tells anything of a cluster: all that its intervals reach into, not only the first. -#}
{% macro days_told_of_clusters(feed) -%}
select distinct
        cluster,
        {{ each_day('first_day', 'last_day') }} as usage_date
    from (
        select distinct
            lower(cluster) as cluster,
            cast(usage_start as date) as first_day,
            cast(greatest(usage_end - interval 1 microsecond, usage_start) as date) as last_day
        from {{ feed }}
    ) as intervals
{%- endmacro %}
