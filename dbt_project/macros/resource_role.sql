{#- What a billed thing is, where its idleness can be told, by its meter: a notebook, a serving endpoint, an address
    that is billed because nothing uses it, a block disk; null for all else. Meters as the clouds' price lists name them:
    AWS `USE1-Notebk:ml.t3.xlarge`, `Studio:KernelGateway-ml.g4dn.xlarge`, `Host:ml.g5.xlarge`, `ElasticIP:IdleAddress`,
    `PublicIPv4:IdleAddress`; Google `Vertex AI Workbench …`, `… Online Prediction …`, `Static Ip Charge`. -#}
{% macro resource_role(meter, service_subcategory) -%}
    case
        when {{ matches_pattern(meter, "'(?i)idleaddress|static ip charge'") }} then 'address'
        when {{ matches_pattern(meter, "'(?i)(^|-)notebk|notebook|workbench|jupyterlab|kernelgateway'") }} then 'notebook'
        when {{ matches_pattern(meter, "'(?i)(^|-)(host|asyncinf)[a-z]*:ml[.]|online prediction'") }} then 'endpoint'
        when {{ service_subcategory }} = 'Block Storage' and not {{ matches_pattern(meter, "'(?i)snapshot'") }} then 'disk'
    end
{%- endmacro %}
