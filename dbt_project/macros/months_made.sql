{#- Where a run notes what the kept months are made from: the unchanged rows of int_month_inputs. -#}
{% macro months_made() -%}
    {{- return(adapter.get_relation(target.database, target.schema, 'months_made')) -}}
{%- endmacro %}


{#- What a run names for its code, rules, configuration and engines; empty where it cannot know. -#}
{% macro made_with() -%}
    {{- return(env_var('FINOPS_MADE_WITH', '') if execute else '') -}}
{%- endmacro %}


{#- What the kept months are made from. Empty, so that everything counts as changed, where a run cannot know better:
    without the digest of its code, rules and configuration (FINOPS_MADE_WITH), where all is to be built anew
    (FINOPS_REBUILD), while capacity is prepaid, because a purchase moves cost into later months, and where the note of
    the last run or a kept table is missing. -#}
{% macro months_kept() -%}
    {%- if made_with() and all_months_are_kept() -%}
        {{- return(months_made()) -}}
    {%- endif -%}
    (
        select
            cast(null as string) as input,
            cast(null as string) as billing_period,
            cast(null as string) as digest,
            cast(null as string[]) as months,
            cast(null as string[]) as deciding_months
        where false
    )
{%- endmacro %}


{#- The condition that a charge may be of a bill whose months are not noted: by name, so that the charges of the others,
    which are most of them, are passed over unread. -#}
{% macro is_of_bills_not_kept() %}
    {%- set conditions = condition_of_bills() if made_with() and all_months_are_kept() else [] -%}
    {{- return(conditions | first if conditions else 'true') -}}
{% endmacro %}


{#- Whether the note of the last run and all tables that keep months are there, and this run may keep them. -#}
{% macro all_months_are_kept() %}
    {%- if env_var('FINOPS_REBUILD', '') or months_made() is none -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set prepayments = 'select count(*) from read_parquet(' ~ path_list(landed_files('prepayments')) ~ ')' -%}
    {%- if run_query(prepayments).rows[0][0] -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'kept_months' -%}
        {%- if adapter.get_relation(node.database, node.schema, node.alias) is none -%}
            {{- return(false) -}}
        {%- endif -%}
    {%- endfor -%}
    {{- return(true) -}}
{% endmacro %}


{#- The note without what is about to be made again. What has changed is noted as unfinished with its months, so that the
    next run makes them again if this one fails. In the transaction of int_month_inputs. -#}
{% macro forget_changed_months() %}
    create or replace table {{ api.Relation.create(database=target.database, schema=target.schema, identifier='months_made') }} as
    select distinct
        case when is_changed then 'unfinished ' || replace(input, 'unfinished ', '') else input end as input,
        billing_period,
        case when is_changed then 'unfinished' else digest end as digest,
        months,
        deciding_months
    from {{ this }}
{% endmacro %}


{#- The note of a run that made all kept tables, no test failing; after any other the months stay unfinished, so that the
    next run makes and tests them again. At the end of a run. -#}
{% macro note_months_made(results) %}
    {%- if not execute -%}
        {{- return('') -}}
    {%- endif -%}
    {%- set made = [] -%}
    {%- for result in results -%}
        {%- if result.status in ('error', 'fail', 'runtime error', 'partial success', 'skipped') -%}
            {{- return('') -}}
        {%- endif -%}
        {%- do made.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- set of_months = [] -%}
    {%- for node in graph.nodes.values()
        if node.name == 'int_month_inputs'
        or (node.config.materialized == 'kept_months' and node.config.kept_by != 'delivery') -%}
        {%- if node.unique_id not in made -%}
            {{- return('') -}}
        {%- endif -%}
        {%- do of_months.append(node) -%}
    {%- endfor -%}
    {%- set inputs = of_months | selectattr('name', 'equalto', 'int_month_inputs') | first -%}
    create or replace table {{ api.Relation.create(database=target.database, schema=target.schema, identifier='months_made') }} as
    select input, billing_period, digest, months, deciding_months
    from {{ api.Relation.create(database=inputs.database, schema=inputs.schema, identifier=inputs.alias) }}
    where digest is not null
{% endmacro %}
