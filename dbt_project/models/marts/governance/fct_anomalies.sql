with anomalies as (

    select * from {{ ref('int_anomalies_found') }}

),

feedback as (

    select * from {{ landed(source('raw', 'anomaly_feedback')) }}

),

with_impact as (

    select
        anomalies.*,
        -- a day without a row lacks what it was expected to cost
        cast(coalesce(anomalies.observed_cost, 0) - anomalies.expected_cost as {{ money_type() }}) as impact,
        feedback.verdict as feedback,
        feedback.note as feedback_note
    from anomalies
    left join feedback
        on anomalies.anomaly_id = feedback.anomaly_id

)

select
    with_impact.anomaly_id,
    with_impact.charge_date,
    with_impact.detected_on,
    with_impact.scope,
    with_impact.entity,
    with_impact.metric,
    with_impact.source_name,
    with_impact.provider_name,
    with_impact.service_name,
    with_impact.billing_currency,
    with_impact.kind,
    with_impact.direction,
    with_impact.observed_cost,
    with_impact.expected_cost,
    -- what is new has no past that makes a range likely
    case when with_impact.kind <> 'new_sku' then with_impact.lower end as lower,
    case when with_impact.kind <> 'new_sku' then with_impact.upper end as upper,
    with_impact.impact,
    {{ reporting_columns('with_impact', ['observed_cost', 'expected_cost', 'impact'], 'charge_date') }},
    cast(with_impact.score as decimal(18, 2)) as score,
    with_impact.drivers,
    with_impact.incident_series,
    with_impact.feedback,
    with_impact.feedback_note
from with_impact
cross join {{ reporting_settings() }} as settings
