# ruff: noqa: E501 - a statement stays on one line
"""After dbt: the models of its Jaffle Shop project, and the tests and macros of dbt-utils as they are compiled."""

DBT = tuple(
    """
with orders as (select * from llm_events), order_items_summary as (select run_id, sum(cost_usd) as order_cost, sum(tokens_in) as order_items_subtotal, count(operation) as count_order_items, sum(case when status = 'success' then 1 else 0 end) as count_food_items, sum(case when status = 'failure' then 1 else 0 end) as count_drink_items from llm_events group by 1) select orders.*, order_items_summary.order_cost, order_items_summary.count_food_items > 0 as is_food_order from orders inner join order_items_summary on orders.run_id = order_items_summary.run_id

with compute_booleans as (select *, tokens_in > 0 as is_food_order from llm_events), customer_order_count as (select *, row_number() over (partition by source order by ts asc) as customer_order_number from compute_booleans) select * from customer_order_count

with customers as (select * from bench_runs), orders as (select * from llm_events), customer_orders_summary as (select orders.model, count(distinct orders.run_id) as count_lifetime_orders, count(distinct orders.run_id) > 1 as is_repeat_buyer, min(orders.ts) as first_ordered_at, max(orders.ts) as last_ordered_at, sum(orders.cost_usd) as lifetime_spend from orders where orders.model is not null and orders.run_id is not null group by 1), joined as (select customers.*, customer_orders_summary.count_lifetime_orders, customer_orders_summary.lifetime_spend, case when customer_orders_summary.is_repeat_buyer then 'returning' else 'new' end as customer_type from customers left join customer_orders_summary on customers.model = customer_orders_summary.model) select * from joined

with customer_orders_summary as (select model, count(*) as lifetime_order_count, min(ts) as first_order_at, max(ts) as last_order_at, sum(cost_usd) as lifetime_spend from llm_events group by 1) select c.*, cos.lifetime_order_count, datediff('day', cos.first_order_at, current_date) as days_as_customer, case when cos.lifetime_spend >= 1000 then 'High Value' when cos.lifetime_spend >= 500 then 'Medium Value' else 'Low Value' end as customer_segment from bench_runs c left join customer_orders_summary cos on c.model = cos.model

with store_orders_summary as (select source, count(distinct run_id) as total_orders, sum(cost_usd) as total_revenue, avg(cost_usd) as avg_order_value, min(ts) as first_order_date from llm_events group by 1), final as (select source, coalesce(total_orders, 0) as total_orders, coalesce(avg_order_value, 0) as avg_order_value, case when total_orders > 100 then 'high_volume' when total_orders > 50 then 'medium_volume' else 'no_orders' end as store_category from store_orders_summary) select * from final

select a.model as customer_id, min(a.ts) as first_order_date, min(case when a.status not in ('timeout', 'failure') then a.ts end) as first_non_returned_order_date, coalesce(max(user_order_seq), 0) as order_count, sum(case when a.status not in ('timeout', 'failure') then round(a.cost_usd / 100.0, 2) else 0 end) / nullif(count(case when a.status not in ('timeout', 'failure') then 1 end), 0) as avg_order_value, array_agg(distinct a.run_id) as order_ids from (select row_number() over (partition by model order by ts, run_id) as user_order_seq, * from llm_events) a where a.status not in ('pending') group by a.model

with source as (select * from llm_events), renamed as (select run_id as order_id, source as location_id, (cost_usd / 100) as subtotal, date_trunc('day', ts) as ordered_at from source) select * from renamed

with source as (select * from deployments), renamed as (select run_id as location_id, vercel_deployment_id as location_name, duration_ms as tax_rate, date_trunc('day', ts) as opened_date from source) select * from renamed

with source as (select * from episodes), renamed as (select cast(episode_num as String) as supply_id, title as supply_name, (cost_total / 100)::Decimal(16, 2) as supply_cost, status in ('draft') as is_perishable_supply from source) select * from renamed

select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error from (select run_id from llm_events where run_id is null) dbt_internal_test

select count(*) as failures from (select run_id as unique_field, count(*) as n_records from llm_events where run_id is not null group by run_id having count(*) > 1) dbt_internal_test

with all_values as (select status as value_field, count(*) as n_records from llm_events group by status) select * from all_values where value_field not in ('success', 'failure', 'timeout')

with child as (select episode_run_id as from_field from deployments where episode_run_id is not null), parent as (select run_id as to_field from episodes) select from_field from child left join parent on child.from_field = parent.to_field where parent.to_field is null

with meet_condition as (select * from llm_events), validation_errors as (select * from meet_condition where not latency_ms >= 0 or not latency_ms <= 100000) select * from validation_errors

select * from (select model from bench_runs group by model having count(latency_p95_ms) = 0) validation_errors

with table_a as (select model, count(*) as num_rows from llm_events group by model), table_b as (select model, count(*) as num_rows from bench_runs group by model), except_a as (select * from table_a where model not in (select model from table_b)) select * from except_a

with a as (select count(*) as count_a from llm_events), b as (select count(*) as count_b from ui_events), final as (select count_a, (select count_b from b) as count_b, abs(count_a - count_b) as diff_count from a) select * from final

select * from llm_events where not (tokens_in + tokens_out >= tokens_in)

with window_functions as (select source as partition_by_col, ts as lower_bound, ts + interval 1 second as upper_bound, lead(ts) over (partition by source order by ts) as next_lower_bound, row_number() over (partition by source order by ts desc) = 1 as is_last_record from llm_events), calc as (select *, coalesce(lower_bound < upper_bound, false) as lower_bound_less_than_upper_bound, coalesce(upper_bound <= next_lower_bound, is_last_record, false) as upper_bound_less_than_next from window_functions) select * from calc where not (lower_bound_less_than_upper_bound and upper_bound_less_than_next)

select model from llm_events where model in ('gpt-x')

select count(distinct model) as distinct_values from llm_events having count(distinct model) = 1

with validation as (select sum(case when error_msg is null then 0 else 1 end) / cast(count(*) as Float64) as not_null_proportion from llm_events) select not_null_proportion from validation where not_null_proportion < 0.5

with recency as (select max(ts) as most_recent from llm_events) select most_recent, cast(now() - interval 1 day as DateTime) as threshold from recency where most_recent < cast(now() - interval 1 day as DateTime)

with windowed as (select episode_num, lag(episode_num) over (partition by series order by episode_num) as previous_value from episodes) select * from windowed where not (episode_num = previous_value + 1)

with validation_errors as (select run_id, operation from llm_events group by run_id, operation having count(*) > 1) select * from validation_errors

with p as (select 0 as generated_number union all select 1), unioned as (select p0.generated_number * power(2, 0) + p1.generated_number * power(2, 1) + p2.generated_number * power(2, 2) + 1 as generated_number from p as p0 cross join p as p1 cross join p as p2) select * from unioned where generated_number <= 7 order by generated_number

with rawdata as (select number as n from numbers(31)), all_periods as (select toDate('2026-01-01') + interval n day as date_day from rawdata), filtered as (select * from all_periods where date_day <= toDate('2026-02-01')) select * from filtered

select model, sum(case when status = 'success' then 1 else 0 end) as success, sum(case when status = 'failure' then 1 else 0 end) as failure, sum(case when status = 'timeout' then 1 else 0 end) as timeout from llm_events group by model

select run_id, cast('latency_p50_ms' as String) as field_name, latency_p50_ms as value from bench_runs union all select run_id, cast('latency_p95_ms' as String) as field_name, latency_p95_ms as value from bench_runs

select lower(hex(MD5(concat(coalesce(cast(model as String), '_dbt_utils_surrogate_key_null_'), '-', coalesce(cast(quant as String), '_dbt_utils_surrogate_key_null_'))))) as surrogate_key from bench_runs

select coalesce(tokens_in, 0) + coalesce(tokens_out, 0) as total, coalesce(tokens_in, 0) - coalesce(tokens_out, 0) as difference, tokens_in / nullif(tokens_out, 0) as ratio from llm_events

select ntile(4) over (order by latency_ms) as quartile, width_bucket(latency_ms, 0, 100, 10) as bucket from ui_events

select nullif(extractURLParameter(url, 'utm_source'), '') as utm_source, coalesce(nullif(domain(url), ''), url) as host, path(url) as path from deployments

select 2 * 3961 * asin(sqrt(pow(sin((radians(48.1 - 48.2)) / 2), 2) + cos(radians(48.2)) * cos(radians(48.1)) * pow(sin(radians(11.5 - 11.6) / 2), 2))) as haversine

with row_numbered as (select _inner.*, row_number() over (partition by model order by ts desc) as rn from bench_runs as _inner) select distinct data.* from bench_runs as data inner join row_numbered on data.run_id = row_numbered.run_id where row_numbered.rn = 1

select argMax(latency_p95_ms, ts) as latest, model from bench_runs group by model

select cast(toStartOfMonth(ts) as Date) as month, sum(cost_usd) as revenue, sum(sum(cost_usd)) over (order by cast(toStartOfMonth(ts) as Date)) as running from llm_events group by month order by month

select 'llm_events' as relation, count(*) as n from llm_events union all select 'ui_events' as relation, count(*) as n from ui_events union all select 'episodes' as relation, count(*) as n from episodes

select model from llm_events where model not in (select model from bench_runs) union distinct select model from bench_runs where model not in (select model from llm_events)

select dateDiff('day', min(ts), max(ts)) + 1 as days, count(distinct toDate(ts)) as days_with_rows from ui_events

with numbered as (select *, row_number() over (partition by session_id order by ts) as event_number from ui_events), gaps as (select *, dateDiff('second', lagInFrame(ts, 1, ts) over (partition by session_id order by ts rows between 1 preceding and current row), ts) as gap from numbered) select session_id, countIf(gap > 1800) + 1 as sessions from gaps group by session_id

with final as (select event_type, toDate(ts) as day, count(*) as n from ui_events group by 1, 2), pivoted as (select day, maxIf(n, event_type = 'error') as errors, maxIf(n, event_type = 'query_submit') as submits from final group by day) select *, errors / nullif(submits, 0) as rate from pivoted order by day
""".strip().split("\n\n")
)
