{#- Whether a quality metric measures an error, such as a loss or a word error rate. -#}
{% macro is_better_when_lower(quality_metric) -%}
    {{ matches_pattern(
        "lower(" ~ quality_metric ~ ")", "'loss|error|perplexity|(^|_)(wer|cer|mae|mse|rmse|fid)(_|$)'"
    ) }}
{%- endmacro %}
