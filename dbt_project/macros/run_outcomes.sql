{#- How a training run ended, and the words that trackers use for it (lower case, `_` between words). Money spent on
    all but `completed` and `running` is waste: it left no model behind. -#}
{% macro run_outcomes() %}
    {{- return({
        'completed': ['completed', 'complete', 'succeeded', 'success', 'finished', 'done'],
        'running': ['running', 'pending', 'queued', 'scheduled', 'in_progress'],
        'failed': ['failed', 'failure', 'error', 'crashed', 'timeout', 'timed_out', 'oom', 'out_of_memory'],
        'preempted': ['preempted', 'pre_empted', 'evicted', 'interrupted', 'spot_interrupted'],
        'early_stopped': ['early_stopped', 'stopped_early', 'pruned', 'stopped', 'killed', 'cancelled', 'canceled'],
    }) -}}
{% endmacro %}
