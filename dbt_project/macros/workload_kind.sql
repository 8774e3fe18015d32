{#- What a workload is for, from the words teams use: inference, training, data_preparation, evaluation or experiments;
    null for words that say none of these. -#}
{% macro workload_kind(workload_type) -%}
    case replace(replace(lower({{ workload_type }}), '-', '_'), ' ', '_')
        when 'serving' then 'inference'
        when 'inference' then 'inference'
        when 'online_inference' then 'inference'
        when 'batch_inference' then 'inference'
        when 'training' then 'training'
        when 'pretraining' then 'training'
        when 'fine_tuning' then 'training'
        when 'finetuning' then 'training'
        when 'evaluation' then 'evaluation'
        when 'eval' then 'evaluation'
        when 'validation' then 'evaluation'
        when 'data_preparation' then 'data_preparation'
        when 'preprocessing' then 'data_preparation'
        when 'etl' then 'data_preparation'
        when 'labeling' then 'data_preparation'
        when 'labelling' then 'data_preparation'
        when 'experiment' then 'experiments'
        when 'experiments' then 'experiments'
        when 'notebook' then 'experiments'
    end
{%- endmacro %}
