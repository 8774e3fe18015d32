-- The published face of int_charges_attributed_to_owners: FOCUS 1.4 Cost and Usage, column by column, then what FOCUS
-- cannot say. A column that no provider's export feeds yet is null with its right type.
{{ config(materialized='view') }}

with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}

),

pools as (

    select
        charge_id,
        pool_id
    from {{ ref('int_charges_assigned_to_pools') }}

)

select
    charges.allocated_method_details as AllocatedMethodDetails,
    charges.allocated_method_id as AllocatedMethodId,
    charges.allocated_resource_id as AllocatedResourceId,
    charges.allocated_resource_name as AllocatedResourceName,
    charges.allocated_tags as AllocatedTags,
    charges.availability_zone as AvailabilityZone,
    charges.billed_cost as BilledCost,
    charges.billing_account_id as BillingAccountId,
    charges.billing_account_name as BillingAccountName,
    charges.billing_account_type as BillingAccountType,
    charges.billing_currency as BillingCurrency,
    charges.billing_period_end as BillingPeriodEnd,
    charges.billing_period_start as BillingPeriodStart,
    charges.capacity_reservation_id as CapacityReservationId,
    charges.capacity_reservation_status as CapacityReservationStatus,
    charges.charge_category as ChargeCategory,
    charges.charge_class as ChargeClass,
    charges.charge_description as ChargeDescription,
    charges.charge_frequency as ChargeFrequency,
    charges.charge_period_end as ChargePeriodEnd,
    charges.charge_period_start as ChargePeriodStart,
    charges.commitment_discount_category as CommitmentDiscountCategory,
    charges.commitment_discount_id as CommitmentDiscountId,
    charges.commitment_discount_name as CommitmentDiscountName,
    charges.commitment_discount_quantity as CommitmentDiscountQuantity,
    charges.commitment_discount_status as CommitmentDiscountStatus,
    charges.commitment_discount_type as CommitmentDiscountType,
    charges.commitment_discount_unit as CommitmentDiscountUnit,
    charges.commitment_program_eligibility_details as CommitmentProgramEligibilityDetails,
    charges.consumed_quantity as ConsumedQuantity,
    charges.consumed_unit as ConsumedUnit,
    charges.contract_applied as ContractApplied,
    charges.contracted_cost as ContractedCost,
    charges.contracted_unit_price as ContractedUnitPrice,
    charges.effective_cost as EffectiveCost,
    charges.host_provider_name as HostProviderName,
    charges.invoice_detail_id as InvoiceDetailId,
    -- until the provider numbers an invoice, account and month name the one the charge will be on
    coalesce(charges.invoice_id, charges.billing_account_id || '-' || replace(charges.billing_period, '-', ''))
        as InvoiceId,
    charges.invoice_issuer_name as InvoiceIssuerName,
    charges.list_cost as ListCost,
    charges.list_unit_price as ListUnitPrice,
    charges.pricing_category as PricingCategory,
    -- where the delivery names no pricing currency, prices are in the currency of the bill
    coalesce(charges.pricing_currency, charges.billing_currency) as PricingCurrency,
    coalesce(charges.pricing_currency_contracted_unit_price, charges.contracted_unit_price)
        as PricingCurrencyContractedUnitPrice,
    coalesce(charges.pricing_currency_effective_cost, charges.effective_cost) as PricingCurrencyEffectiveCost,
    coalesce(charges.pricing_currency_list_unit_price, charges.list_unit_price) as PricingCurrencyListUnitPrice,
    charges.pricing_quantity as PricingQuantity,
    charges.pricing_unit as PricingUnit,
    charges.region_id as RegionId,
    charges.region_name as RegionName,
    charges.resource_id as ResourceId,
    charges.resource_name as ResourceName,
    charges.resource_type as ResourceType,
    charges.service_category as ServiceCategory,
    charges.service_name as ServiceName,
    charges.service_provider_name as ServiceProviderName,
    charges.service_subcategory as ServiceSubcategory,
    charges.sku_id as SkuId,
    charges.sku_meter as SkuMeter,
    charges.sku_price_details as SkuPriceDetails,
    charges.sku_price_id as SkuPriceId,
    charges.sub_account_id as SubAccountId,
    charges.sub_account_name as SubAccountName,
    charges.sub_account_type as SubAccountType,
    {{ map_as_json('charges.tags') }} as Tags,
    -- left FOCUS with version 1.4; tools of 1.2 require them
    {{ provider_name('charges.provider') }} as ProviderName,
    coalesce(charges.publisher_name, charges.service_provider_name) as PublisherName,
    charges.source_name as x_SourceName,
    charges.charge_id as x_ChargeId,
    charges.delivery_id as x_DeliveryId,
    pools.pool_id as x_PoolId,
    charges.landed_table as x_LandedTable,
    charges.landed_file as x_LandedFile,
    charges.landed_row as x_LandedRow,
    charges.charge_origin as x_ChargeOrigin,
    charges.invoice_issuer_legal_name as x_InvoiceIssuerLegalName,
    charges.raw_values as x_RawValues,
    charges.billing_period as x_BillingPeriod,
    charges.charge_date as x_ChargeDate,
    charges.cost_layer as x_CostLayer,
    charges.cluster as x_Cluster,
    charges.node_pool as x_NodePool,
    charges.gpu_model as x_GpuModel,
    charges.gpu_count as x_GpuCount,
    charges.gpu_hours as x_GpuHours,
    charges.capacity_type as x_CapacityType,
    charges.is_cluster_machine as x_IsClusterMachine,
    charges.bucket as x_Bucket,
    charges.storage_class as x_StorageClass,
    charges.storage_measure as x_StorageMeasure,
    charges.billed_byte_hours as x_BilledByteHours,
    charges.model_id as x_ModelId,
    charges.model_family as x_ModelFamily,
    charges.token_direction as x_TokenDirection,
    charges.token_cache_action as x_TokenCacheAction,
    charges.token_count as x_TokenCount,
    charges.team as x_Team,
    charges.project as x_Project,
    charges.environment as x_Environment,
    charges.model_name as x_ModelName,
    charges.workload_type as x_WorkloadType,
    charges.business_unit as x_BusinessUnit,
    charges.owner as x_Owner,
    charges.cost_center as x_CostCenter,
    charges.dataset as x_Dataset,
    charges.owner_source as x_OwnerSource,
    settings.reporting_currency as x_ReportingCurrency,
    {{ fx_rate('charges', 'charge_date') }} as x_FxRate,
    {{ fx_rate_date('charges', 'charge_date') }} as x_FxRateDate,
    ({{ fx_entry('charges', 'charge_date') }}).source as x_FxRateSource,
    {{ in_reporting_currency('charges', 'billed_cost', 'charge_date') }} as x_BilledCostReporting,
    {{ in_reporting_currency('charges', 'effective_cost', 'charge_date') }} as x_EffectiveCostReporting,
    {{ in_reporting_currency('charges', 'list_cost', 'charge_date') }} as x_ListCostReporting,
    {{ in_reporting_currency('charges', 'contracted_cost', 'charge_date') }} as x_ContractedCostReporting
from charges
left join pools
    on charges.charge_id = pools.charge_id
cross join {{ reporting_settings() }} as settings
