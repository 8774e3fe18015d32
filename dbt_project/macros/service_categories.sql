{#- The closed values of ServiceCategory in FOCUS 1.4. -#}
{% macro service_categories() %}
    {{- return([
        'AI and Machine Learning', 'Analytics', 'Business Applications', 'Compute', 'Databases', 'Developer Tools',
        'Multicloud', 'Identity', 'Integration', 'Internet of Things', 'Management and Governance', 'Media', 'Migration',
        'Mobile', 'Networking', 'Security', 'Storage', 'Web', 'Other',
    ]) -}}
{% endmacro %}
