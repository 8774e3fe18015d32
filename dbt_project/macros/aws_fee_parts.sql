{#- A select of the parts of AWS lines that are two charges: a recurring fee is the purchase that was invoiced, and what
    of it nothing used. -#}
{% macro aws_fee_parts() -%}
    select parts.*
    from (
        values
        ('SavingsPlanRecurringFee', 'purchase'),
        ('SavingsPlanRecurringFee', 'unused'),
        ('RIFee', 'purchase'),
        ('RIFee', 'unused')
    ) as parts (line_type, part)
{%- endmacro %}
