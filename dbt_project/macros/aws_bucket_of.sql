{#- The S3 bucket that an AWS resource id names, with or without its ARN, in any partition (`aws-cn`, `aws-us-gov`). -#}
{% macro aws_bucket_of(resource_id) -%}
case
    when {{ resource_id }} like 'arn:aws%:s3:::%' then split_part({{ resource_id }}, ':::', 2)
    else {{ resource_id }}
end
{%- endmacro %}
