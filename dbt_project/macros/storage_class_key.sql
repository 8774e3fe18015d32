{#- A storage class as it is compared: feeds use the clouds' own words, the bill's classes are already these four. A
    word that is none of them stays as it is; one that stands for all of them, by which the provider moves bytes as they
    are used, tells none. -#}
{% macro storage_class_key(storage_class) -%}
    case replace(replace(lower({{ storage_class }}), '-', '_'), ' ', '_')
        when 'standard' then 'standard'
        when 'hot' then 'standard'
        when 'regional' then 'standard'
        when 'multi_regional' then 'standard'
        when 'reduced_redundancy' then 'standard'
        when 'premium' then 'standard'
        when 'infrequent' then 'infrequent'
        when 'standard_ia' then 'infrequent'
        when 'onezone_ia' then 'infrequent'
        when 'one_zone_ia' then 'infrequent'
        when 'nearline' then 'infrequent'
        when 'cool' then 'infrequent'
        when 'cold' then 'cold'
        when 'coldline' then 'cold'
        when 'glacier_ir' then 'cold'
        when 'glacier_instant_retrieval' then 'cold'
        when 'archive' then 'archive'
        when 'glacier' then 'archive'
        when 'glacier_flexible_retrieval' then 'archive'
        when 'deep_archive' then 'archive'
        when 'glacier_deep_archive' then 'archive'
        when 'intelligent_tiering' then null
        when 'autoclass' then null
        else lower({{ storage_class }})
    end
{%- endmacro %}
