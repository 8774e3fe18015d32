{#-
    Splits pools of cost over consumers so that the parts of every pool sum to the pool exactly, in every measure.
    This file holds the arithmetic and nothing else: which pools, which weights and why is the models' business.

    pools      relation or CTE, one row per pool_id, with the measures as DECIMAL(38,18), not null
    weights    relation or CTE, one row per (pool_id, consumer_key) with `weight`, a BIGINT in quanta of its driver
               (micro-GPU-hours, KiB-hours, requests): not null, not negative. Weights of 0 get no part
    measures   the columns to split, all by the same shares

    Gives one row per (pool_id, consumer_key) with a positive weight, and one row with a null consumer_key for each
    pool without any:
        pool_id, consumer_key, weight, total_weight (of the pool), share,
        and for every measure <measure> (the part) and <measure>_residual
    share is DECIMAL(16,15), not negative, and sums to 1 in every pool. A part is `pool x share` cut off at the last
    decimal, plus its residual; the residual is 0 in all rows but one of a pool. That row, the taker, is the smallest
    consumer_key among the largest weights. No part has the other sign than its pool.

    How: no product of two wide decimals and no floating-point sum can do this. Each measure is taken apart into
    whole units and a fractional limb of 1e-18; the share is an integer count of 1e-15; everything that could round
    is 64-bit integer arithmetic that cuts off toward zero. The one floating-point operation divides two exact
    integers, and its result only has to be the same on every engine, not correct in the last digit, because what is
    left goes to the taker. The total as a double is exact up to 2^53 and correctly rounded up to 9e18; a 128-bit
    integer is not correctly rounded by the cast, so larger totals drop six digits first.

    Limits: |measure| of a pool below 9.2e18 (a cast error beyond it); one weight below 9.2e18.
-#}
{% macro split_exactly(pools, weights, measures) %}
    with positive_weights as (

        select
            pool_id,
            consumer_key,
            weight
        from {{ weights }}
        where weight > 0

    ),

    pool_totals as (

        select
            pool_id,
            sum(weight) as total_weight,
            max(weight) as largest_weight
        from positive_weights
        group by pool_id

    ),

    fractions as (

        select
            pool_id,
            {%- for measure in measures %}
            {{ measure }} as pool_{{ measure }},
            {{ fraction_limb(measure) }} as fraction_{{ measure }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ pools }}

    ),

    -- whole: units; high, low: the fractional limb's two halves, each below 1e9
    limbs as (

        select
            fractions.pool_id,
            {%- for measure in measures %}
            {{ whole_limb('fractions.pool_' ~ measure) }} as whole_{{ measure }},
            fractions.fraction_{{ measure }},
            {{ integer_divide('fractions.fraction_' ~ measure, '1000000000') }} as high_{{ measure }},
            fractions.fraction_{{ measure }} % 1000000000 as low_{{ measure }},
            {%- endfor %}
            pool_totals.total_weight,
            pool_totals.largest_weight,
            {{ exact_double('pool_totals.total_weight') }} as total_weight_double
        from fractions
        inner join pool_totals
            on fractions.pool_id = pool_totals.pool_id

    ),

    -- first pass: how much the shares and the cut-off parts fall short of their pool
    cut_off_parts as (

        {{ split_pass(measures, ['limbs.largest_weight']) }}

    ),

    shortfalls as (

        select
            pool_id,
            min(case when weight = largest_weight then consumer_key end) as taker,
            1000000000000000 - cast(sum(share_units) as bigint) as missing_share_units,
            {%- for measure in measures %}
            any_value(fraction_{{ measure }}) - cast(sum(part_{{ measure }}) as bigint)
                as missing_{{ measure }}{{ ',' if not loop.last }}
            {%- endfor %}
        from cut_off_parts
        group by pool_id

    ),

    -- second pass: the same parts again, now beside what their taker has to add
    parts as (

        select
            cut_off_parts.*,
            {%- for measure in measures %}
            shortfalls.missing_{{ measure }},
            {%- endfor %}
            cut_off_parts.consumer_key = shortfalls.taker as is_taker,
            cut_off_parts.share_units
            + case when cut_off_parts.consumer_key = shortfalls.taker then shortfalls.missing_share_units else 0 end
                as full_share_units
        from (

            {{ split_pass(measures, ['limbs.total_weight']) }}

        ) as cut_off_parts
        inner join shortfalls
            on cut_off_parts.pool_id = shortfalls.pool_id

    ),

    assembled as (

        select
            pool_id,
            consumer_key,
            weight,
            cast(total_weight as decimal(38, 0)) as total_weight,
            {{ decimal_share('full_share_units') }} as share,
            {%- for measure in measures %}
            {{ decimal_part(
                'whole_' ~ measure,
                'full_share_units',
                'part_' ~ measure ~ ' + case when is_taker then missing_' ~ measure ~ ' else 0 end',
            ) }} as {{ measure }},
            case
                when is_taker
                    then {{ decimal_quanta(
                        'part_' ~ measure ~ ' + missing_' ~ measure ~ ' - ' ~ cut_off_part(
                            'high_' ~ measure,
                            'low_' ~ measure,
                            integer_divide('full_share_units', '1000000000'),
                            '(full_share_units % 1000000000)',
                        )
                    ) }}
                else 0
            end as {{ measure }}_residual{{ ',' if not loop.last }}
            {%- endfor %}
        from parts

    ),

    -- a pool that nobody can be found for is still there, whole
    pools_without_weight as (

        select
            pools.pool_id,
            cast(null as string) as consumer_key,
            cast(null as bigint) as weight,
            cast(null as decimal(38, 0)) as total_weight,
            cast(1 as decimal(16, 15)) as share,
            {%- for measure in measures %}
            pools.{{ measure }},
            cast(0 as decimal(18, 18)) as {{ measure }}_residual{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ pools }} as pools
        left join pool_totals
            on pools.pool_id = pool_totals.pool_id
        where pool_totals.pool_id is null

    )

    select * from assembled
    union all
    select * from pools_without_weight
{% endmacro %}


{#- Every weight beside its pool's limbs, with its share in units of 1e-15 and its parts of the fractional limbs. -#}
{% macro split_pass(measures, extra_columns) %}
        select
            pool_id,
            consumer_key,
            weight,
            {%- for column in extra_columns %}
            {{ column.split('.')[-1] }},
            {%- endfor %}
            share_units,
            {%- for measure in measures %}
            whole_{{ measure }},
            fraction_{{ measure }},
            high_{{ measure }},
            low_{{ measure }},
            {{ cut_off_part('high_' ~ measure, 'low_' ~ measure, 'share_high', 'share_low') }}
                as part_{{ measure }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            select
                *,
                {{ integer_divide('share_units', '1000000000') }} as share_high,
                share_units % 1000000000 as share_low
            from (
                select
                    positive_weights.consumer_key,
                    positive_weights.weight,
                    limbs.*,
                    {{ share_units('positive_weights.weight', 'limbs.total_weight_double') }} as share_units
                from positive_weights
                inner join limbs
                    on positive_weights.pool_id = limbs.pool_id
            ) as weights_with_share
        ) as weights_with_share_limbs
{% endmacro %}


{#- trunc(limb x share / 1e15) without leaving 64 bits: the products are at most 1e18. -#}
{% macro cut_off_part(high, low, share_high, share_low) -%}
    ({{ high }} * {{ share_high }} * 1000 + {{ integer_divide(
        '(' ~ high ~ ' * ' ~ share_low ~ ' + ' ~ low ~ ' * ' ~ share_high ~ ' + '
        ~ integer_divide('(' ~ low ~ ' * ' ~ share_low ~ ')', '1000000000') ~ ')',
        '1000000'
    ) }})
{%- endmacro %}


{#- weight / total in units of 1e-15, cut off: one division of exact integers, the same double on every engine. -#}
{% macro share_units(weight, total_weight_double) -%}
    cast(floor(cast({{ weight }} as double) / {{ total_weight_double }} * cast(1e15 as double)) as bigint)
{%- endmacro %}


{#- A total of BIGINTs as the double nearest to it. -#}
{% macro exact_double(total) -%}
    case
        when {{ total }} <= 9000000000000000000
            then cast(cast({{ total }} as bigint) as double)
        else cast(cast({{ integer_divide(total, '1000000') }} as bigint) as double) * cast(1000000 as double)
    end
{%- endmacro %}


{#- The signed fraction of a DECIMAL(38,18) in units of 1e-18. -#}
{% macro fraction_limb(amount) -%}
    cast(cast({{ amount }} % 1 as decimal(19, 18)) * cast(1000000000000000000 as decimal(19, 0)) as bigint)
{%- endmacro %}


{#- The signed whole units of a DECIMAL(38,18). Taking the fraction off first leaves nothing for a cast to round. -#}
{% macro whole_limb(amount) -%}
    cast({{ amount }} - {{ amount }} % 1 as bigint)
{%- endmacro %}


{#- An integer count of 1e-15 as a share. -#}
{% macro decimal_share(units) -%}
    cast(cast({{ units }} as decimal(16, 0)) * cast(0.000000000000001 as decimal(15, 15)) as decimal(16, 15))
{%- endmacro %}


{#- An integer count of 1e-18 as money. -#}
{% macro decimal_quanta(quanta) -%}
    cast({{ quanta }} as decimal(19, 0)) * cast(0.000000000000000001 as decimal(18, 18))
{%- endmacro %}


{#- Whole units x share, exact at 15 decimals, plus a count of 1e-18. -#}
{% macro decimal_part(whole, share_units, quanta) -%}
    cast(cast({{ whole }} as decimal(19, 0)) * {{ decimal_share(share_units) }} as decimal(38, 18))
    + cast({{ decimal_quanta(quanta) }} as decimal(38, 18))
{%- endmacro %}
