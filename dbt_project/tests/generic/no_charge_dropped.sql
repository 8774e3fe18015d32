{#- Claims that two models hold the same charges: no charge_id is missing on either side. -#}
{% test no_charge_dropped(model, of_model, column_name='charge_id', of_column='charge_id') %}

select
    before.charge_id as charge_before,
    after.charge_id as charge_after
from (select {{ of_column }} as charge_id from {{ months_beside(of_model, model) }}) as before
full outer join (select {{ column_name }} as charge_id from {{ model }}) as after
    on before.charge_id = after.charge_id
where before.charge_id is null or after.charge_id is null

{% endtest %}
