# ruff: noqa: E501 - a statement stays on one line
"""After Metabase: the SQL that its question builder writes, its guides to SQL, and dashboards that people share."""

METABASE = tuple(
    """
SELECT "chimera_metrics"."llm_events"."model" AS "model", COUNT(*) AS "count" FROM "chimera_metrics"."llm_events" GROUP BY "chimera_metrics"."llm_events"."model" ORDER BY "chimera_metrics"."llm_events"."model" ASC

SELECT `llm_events`.`ts` AS `ts`, `llm_events`.`model` AS `model`, `llm_events`.`tokens_in` AS `tokens_in` FROM `chimera_metrics`.`llm_events` LIMIT 1048575

SELECT toStartOfMonth(toDateTime(`llm_events`.`ts`)) AS `ts`, sum(`llm_events`.`cost_usd`) AS `sum` FROM `chimera_metrics`.`llm_events` GROUP BY toStartOfMonth(toDateTime(`llm_events`.`ts`)) ORDER BY toStartOfMonth(toDateTime(`llm_events`.`ts`)) ASC

SELECT toStartOfWeek(toDateTime(`ui_events`.`ts`)) AS `ts`, count(*) AS `count` FROM `ui_events` WHERE (`ui_events`.`event_type` = 'error') AND (`ui_events`.`ts` >= parseDateTimeBestEffort('2026-01-01 00:00:00.000')) GROUP BY `ts` ORDER BY `ts` ASC

SELECT `source`.`model` AS `model`, avg(`source`.`Total`) AS `avg` FROM (SELECT `llm_events`.`model` AS `model`, `llm_events`.`tokens_in` + `llm_events`.`tokens_out` AS `Total` FROM `llm_events`) AS `source` GROUP BY `source`.`model` ORDER BY `avg` DESC, `source`.`model` ASC

SELECT count(distinct `llm_events`.`run_id`) AS `count` FROM `llm_events` WHERE positionCaseInsensitive(`llm_events`.`model`, 'llama') > 0

SELECT CASE WHEN `llm_events`.`latency_ms` < 100 THEN 'fast' ELSE 'slow' END AS `Speed`, count(*) AS `count` FROM `llm_events` GROUP BY CASE WHEN `llm_events`.`latency_ms` < 100 THEN 'fast' ELSE 'slow' END ORDER BY `Speed` ASC

SELECT floor(((`ui_events`.`latency_ms` - 0.0) / 10.0)) * 10.0 AS `latency_ms`, count(*) AS `count` FROM `ui_events` GROUP BY `latency_ms` ORDER BY `latency_ms` ASC

SELECT `e`.`title` AS `title`, `Deployments`.`status` AS `Deployments__status` FROM `episodes` AS `e` LEFT JOIN `deployments` AS `Deployments` ON `e`.`run_id` = `Deployments`.`episode_run_id` LIMIT 2000

SELECT toHour(toDateTime(`ui_events`.`ts`)) AS `hour`, count(*) AS `count` FROM `ui_events` GROUP BY `hour` ORDER BY `hour` ASC

SELECT toDayOfWeek(toDateTime(`ui_events`.`ts`), 3) AS `day`, count(*) AS `count` FROM `ui_events` GROUP BY `day` ORDER BY `day` ASC

SELECT dateDiff('day', toDateTime(`llm_events`.`ts`), now()) AS `age`, count(*) FROM `llm_events` GROUP BY `age` ORDER BY `age`

SELECT substring(`url`, 1, 100) AS `url`, `status` FROM `deployments` WHERE `error_msg` IS NOT NULL AND `error_msg` <> '' LIMIT 10

SELECT count(*) FROM llm_events WHERE status = 'failure' AND toDate(ts) >= toDate('2026-01-01')

SELECT toDate(ts) AS date, count(*) AS new_users, sum(count(*)) OVER (ORDER BY toDate(ts)) AS cumulative_total FROM ui_events WHERE ts >= CURRENT_DATE - INTERVAL 30 DAY GROUP BY date ORDER BY date ASC

WITH growth AS (SELECT toDate(ts) AS date, count(*) AS users, LAG(count(*), 1) OVER (ORDER BY toDate(ts)) AS prev_day, LAG(count(*), 7) OVER (ORDER BY toDate(ts)) AS prev_week FROM ui_events GROUP BY date) SELECT date, ROUND((users - prev_day)::Float64 / NULLIF(prev_day, 0) * 100, 2) AS daily_growth_pct, ROUND((users - prev_week)::Float64 / NULLIF(prev_week, 0) * 100, 2) AS weekly_growth_pct FROM growth ORDER BY date ASC

WITH weekly_stats AS (SELECT DATE_TRUNC('week', ts) AS week_start, COUNT(*) AS this_week, LAG(COUNT(*), 1) OVER (ORDER BY DATE_TRUNC('week', ts)) AS prev_week FROM ui_events GROUP BY DATE_TRUNC('week', ts)) SELECT week_start, this_week, prev_week, ROUND((this_week - prev_week) / NULLIF(prev_week, 0) * 100, 1) AS change_pct FROM weekly_stats ORDER BY week_start DESC LIMIT 12

SELECT DATE_TRUNC('month', ts) AS month, SUM(cost_usd) AS total, AVG(cost_usd) AS avg_cost, COUNT(DISTINCT toDate(ts)) AS days_in_period FROM llm_events GROUP BY DATE_TRUNC('month', ts) ORDER BY month ASC

WITH daily_active AS (SELECT toDate(ts) AS date, uniq(session_id) AS dau FROM ui_events GROUP BY date) SELECT date, dau, SUM(dau) OVER (ORDER BY date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS wau, SUM(dau) OVER (ORDER BY date ROWS BETWEEN 29 PRECEDING AND CURRENT ROW) AS mau FROM daily_active ORDER BY date ASC

WITH metrics AS (SELECT toDate(ts) AS date, uniq(session_id) AS dau, SUM(uniq(session_id)) OVER (ORDER BY toDate(ts) ROWS BETWEEN 29 PRECEDING AND CURRENT ROW) AS mau FROM ui_events GROUP BY date) SELECT date, dau, mau, ROUND((dau / NULLIF(mau, 0)) * 100, 2) AS stickiness_pct FROM metrics ORDER BY date ASC

SELECT toDate(ts) AS date, countIf(status = 'success') AS successful, countIf(status != 'success') AS failed, ROUND(countIf(status = 'success') / NULLIF(count(*), 0) * 100, 2) AS success_rate_pct FROM llm_events GROUP BY date ORDER BY date ASC

SELECT EXTRACT(HOUR FROM ts) AS hour_of_day, ROUND(AVG(latency_ms), 0) AS avg_latency FROM ui_events WHERE ts >= toDateTime('2026-01-01 00:00:00') GROUP BY EXTRACT(HOUR FROM ts) ORDER BY hour_of_day ASC

WITH monthly_stats AS (SELECT DATE_TRUNC('month', ts) AS month, countIf(status = 'failure') AS total_cancelled, AVG(tokens_in) AS avg_paid_users FROM llm_events GROUP BY month) SELECT month, total_cancelled, ROUND(total_cancelled / NULLIF(avg_paid_users, 0) * 100, 2) AS churn_pct FROM monthly_stats ORDER BY month ASC

SELECT ts, run_id, source || ' → ' || model AS status_change, COALESCE(error_msg, 'none') || ' → ' || status AS plan_change FROM llm_events ORDER BY ts DESC LIMIT 100

SELECT operation, SUM(tokens_in) AS total_uses, uniqExact(run_id) AS unique_users, ROUND(SUM(tokens_in) / NULLIF(uniqExact(run_id), 0), 2) AS uses_per_user FROM llm_events GROUP BY operation ORDER BY total_uses DESC LIMIT 20

SELECT toDate(ts) AS date, event_type, count(*) AS uses FROM ui_events WHERE event_type IN ('overlay_open', 'query_submit', 'error') GROUP BY date, event_type ORDER BY date ASC, event_type

WITH cohorts AS (SELECT session_id, min(toStartOfDay(ts)) AS cohort_day FROM ui_events GROUP BY session_id), activity AS (SELECT c.cohort_day AS cohort_day, dateDiff('day', c.cohort_day, toStartOfDay(e.ts)) AS period, uniq(e.session_id) AS users FROM cohorts AS c INNER JOIN ui_events AS e ON c.session_id = e.session_id GROUP BY cohort_day, period) SELECT cohort_day, maxIf(users, period = 0) AS day_0, maxIf(users, period = 1) AS day_1, maxIf(users, period = 7) AS day_7 FROM activity GROUP BY cohort_day ORDER BY cohort_day

WITH first_event AS (SELECT session_id, min(ts) AS first_ts FROM ui_events GROUP BY session_id) SELECT toDate(first_ts) AS cohort, count(*) AS size FROM first_event GROUP BY cohort ORDER BY cohort

SELECT countIf(event_type = 'overlay_open') AS opened, countIf(event_type = 'query_submit') AS submitted, countIf(event_type = 'error') AS failed, ROUND(countIf(event_type = 'query_submit') / NULLIF(countIf(event_type = 'overlay_open'), 0) * 100, 1) AS conversion FROM ui_events

SELECT CASE WHEN user_agent LIKE '%Mobile%' THEN 'Mobile' WHEN user_agent LIKE '%Tablet%' THEN 'Tablet' ELSE 'Desktop' END AS device, COUNT(*) AS sessions, ROUND(COUNT(*) * 100.0 / SUM(COUNT(*)) OVER (), 2) AS pct FROM ui_events GROUP BY device ORDER BY sessions DESC

SELECT quantile(0.5)(latency_ms) AS p50, quantile(0.95)(latency_ms) AS p95, quantile(0.99)(latency_ms) AS p99, max(latency_ms) AS worst FROM llm_events WHERE ts >= toDateTime('2026-01-01 00:00:00')

SELECT error_msg, COUNT(*) AS occurrences, MIN(ts) AS first_seen, MAX(ts) AS last_seen, COUNT(DISTINCT run_id) AS affected FROM llm_events WHERE status = 'failure' GROUP BY error_msg ORDER BY occurrences DESC LIMIT 25

SELECT toStartOfMinute(ts) AS minute, COUNT(*) AS requests, AVG(latency_ms) AS avg_ms FROM llm_events WHERE ts >= toDateTime('2026-01-01 00:00:00') - INTERVAL 1 HOUR GROUP BY minute ORDER BY minute DESC LIMIT 60

SELECT model, status, COUNT(*) AS n, RANK() OVER (PARTITION BY model ORDER BY COUNT(*) DESC) AS place FROM llm_events GROUP BY model, status QUALIFY place <= 3 ORDER BY model, place

SELECT d.status, COUNT(*) AS deployments, AVG(d.duration_ms) / 1000 AS avg_seconds FROM deployments AS d JOIN episodes AS e ON d.episode_run_id = e.run_id GROUP BY d.status HAVING COUNT(*) > 0 ORDER BY deployments DESC

WITH this_week AS (SELECT count(*) AS n FROM ui_events WHERE ts >= toDateTime('2026-01-02 00:00:00')), last_week AS (SELECT count(*) AS n FROM ui_events WHERE ts < toDateTime('2026-01-02 00:00:00')) SELECT this_week.n AS now_n, last_week.n AS then_n, this_week.n - last_week.n AS change FROM this_week CROSS JOIN last_week

SELECT series, title, confidence_score, confidence_score - AVG(confidence_score) OVER (PARTITION BY series) AS above_average FROM episodes ORDER BY above_average DESC LIMIT 20

SELECT toDate(ts) AS date, AVG(lag_seconds) AS lag, MAX(hearts_rows_found) AS hearts, groupUniqArray(status) AS statuses FROM watcher_runs GROUP BY date ORDER BY date DESC

SELECT hour, sum(events_count) AS events, avg(error_rate) AS error_rate, avg(abandonment_rate) AS abandonment FROM session_stats GROUP BY hour ORDER BY hour

SELECT * FROM (SELECT model, ts, latency_p95_ms, ROW_NUMBER() OVER (PARTITION BY model ORDER BY ts DESC) AS rn FROM bench_runs) AS ranked WHERE rn = 1

SELECT date, if(n = 0, NULL, total / n) AS average FROM (SELECT toDate(ts) AS date, sum(latency_ms) AS total, count() AS n FROM ui_events GROUP BY date) ORDER BY date WITH FILL STEP 1
""".strip().split("\n\n")
)
