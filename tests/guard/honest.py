# ruff: noqa: E501 - a statement stays on one line, as its sender wrote it
"""Analytic statements that an honest reader sends: each must pass the guard and run on a real store.

One statement per paragraph; a line that starts with `--` is a comment of the statement and part of what is tested.
"""

PARAMETERS = {"since": "2026-01-01 00:00:00", "model": "llama", "n": "3", "words": "['success','failure']"}

_TEXT = r"""
SELECT 1

select 1;

SELECT count() FROM ui_events

SELECT count(*) FROM chimera_metrics.llm_events

SELECT * FROM bench_runs LIMIT 10

SELECT b.* FROM bench_runs AS b ORDER BY b.ts DESC LIMIT 5 OFFSET 5

SELECT * EXCEPT (metadata, user_agent) FROM ui_events LIMIT 3

SELECT * REPLACE (round(latency_ms) AS latency_ms) FROM ui_events LIMIT 3

SELECT COLUMNS('latency') APPLY max FROM bench_runs

SELECT COLUMNS('latency') APPLY (x -> round(avg(x), 2)) FROM bench_runs

SELECT COLUMNS(latency_p50_ms, latency_p95_ms) APPLY(quantile(0.9)) FROM bench_runs

SELECT bench_runs.COLUMNS('^latency') FROM bench_runs LIMIT 1

SELECT DISTINCT model FROM bench_runs ORDER BY model

SELECT DISTINCT ON (model) model, ts FROM bench_runs ORDER BY model, ts DESC

SELECT model, quant, avg(latency_p95_ms) AS p95 FROM bench_runs GROUP BY model, quant ORDER BY p95 DESC

SELECT model, avg(tokens_per_sec) FROM bench_runs GROUP BY ALL ORDER BY ALL

SELECT model, dataset, count() FROM bench_runs GROUP BY ROLLUP(model, dataset)

SELECT model, dataset, count() FROM bench_runs GROUP BY CUBE(model, dataset)

SELECT model, dataset, grouping(model), count() FROM bench_runs GROUP BY GROUPING SETS ((model), (dataset), ())

SELECT model, count() FROM bench_runs GROUP BY model WITH ROLLUP

SELECT model, count() AS n FROM bench_runs GROUP BY model HAVING n > 3

SELECT toDate(ts) AS day, quantile(0.95)(latency_ms) AS p95 FROM ui_events GROUP BY day ORDER BY day

SELECT toStartOfHour(ts) AS hour, countIf(event_type = 'error') / count() AS error_rate FROM ui_events GROUP BY hour ORDER BY hour

SELECT toStartOfInterval(ts, INTERVAL 15 MINUTE) AS t, uniqExact(session_id) FROM ui_events GROUP BY t ORDER BY t WITH FILL STEP INTERVAL 15 MINUTE LIMIT 100

SELECT toDate(ts) AS d, count() AS n FROM ui_events GROUP BY d ORDER BY d WITH FILL FROM toDate('2026-01-01') TO toDate('2026-01-05') STEP 1 INTERPOLATE (n AS n + 1)

SELECT quantiles(0.5, 0.9, 0.99)(latency_ms) FROM llm_events

SELECT quantilesExactInclusive(0.5, 0.95)(latency_ms) FROM llm_events WHERE status = 'success'

SELECT quantileTDigestIf(0.95)(latency_ms, status = 'success') FROM llm_events

SELECT sumIf(cost_usd, source = 'council') AS council, sum(cost_usd) AS total FROM llm_events

SELECT source, sum(tokens_in + tokens_out) AS tokens, sum(cost_usd) FROM llm_events WHERE ts >= now() - INTERVAL 7 DAY GROUP BY source

SELECT status, count() FROM llm_events WHERE ts BETWEEN '2026-01-01' AND '2026-02-01' GROUP BY status

SELECT operation, avgOrNull(latency_ms), stddevSamp(latency_ms), varPop(latency_ms) FROM llm_events GROUP BY operation

SELECT model, argMax(latency_p95_ms, ts) AS latest FROM bench_runs GROUP BY model

SELECT model, any(quant), anyLast(quant), groupUniqArray(quant), groupArray(10)(dataset) FROM bench_runs GROUP BY model

SELECT topK(3)(model), uniq(model), uniqCombined(model), uniqHLL12(model) FROM bench_runs

SELECT corrStable(latency_p50_ms, latency_p95_ms), covarSamp(latency_p50_ms, tokens_per_sec) FROM bench_runs

SELECT round(tupleElement(simpleLinearRegression(toHour(ts), latency_ms), 1), 3) FROM ui_events

SELECT mannWhitneyUTest('two-sided')(latency_ms, event_type = 'error') FROM ui_events

SELECT histogram(5)(latency_ms) FROM ui_events

SELECT minMap(m), maxMap(m) FROM (SELECT map(status, duration_ms) AS m FROM deployments)

SELECT sumMap(map(status, toUInt64(1))) FROM deployments

SELECT groupArraySorted(3)(latency_ms), groupBitOr(schema_version) FROM ui_events

SELECT model, latency_p95_ms, row_number() OVER (PARTITION BY model ORDER BY ts) AS n FROM bench_runs

SELECT ts, avg(latency_ms) OVER (ORDER BY ts ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS moving FROM ui_events

SELECT ts, lagInFrame(latency_ms, 1) OVER w AS previous, leadInFrame(latency_ms) OVER w FROM ui_events WINDOW w AS (PARTITION BY event_type ORDER BY ts)

SELECT model, rank() OVER (ORDER BY avg(latency_p95_ms)) AS r, dense_rank() OVER (ORDER BY avg(latency_p95_ms)) FROM bench_runs GROUP BY model

SELECT first_value(status) OVER (ORDER BY ts), last_value(status) OVER (ORDER BY ts), nth_value(status, 2) OVER (ORDER BY ts) FROM deployments

SELECT model, sum(cost_per_1k) OVER (PARTITION BY model ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM bench_runs QUALIFY row_number() OVER (PARTITION BY model ORDER BY ts DESC) <= 2

SELECT ntile(4) OVER (ORDER BY latency_ms) AS quartile, latency_ms FROM ui_events

SELECT d, n - lag(n) OVER (ORDER BY d) AS change FROM (SELECT toDate(ts) AS d, count() AS n FROM ui_events GROUP BY d)

WITH daily AS (SELECT toDate(ts) AS d, avg(latency_p95_ms) AS v FROM bench_runs GROUP BY d) SELECT d, v FROM daily ORDER BY d

WITH a AS (SELECT toDate(ts) AS d, avg(latency_p95_ms) AS x FROM bench_runs GROUP BY d), b AS (SELECT toDate(ts) AS d, avg(latency_ms) AS y FROM ui_events GROUP BY d) SELECT corrStable(a.x, b.y) FROM a JOIN b ON a.d = b.d

WITH daily AS (SELECT toDate(ts) AS d FROM ui_events), weekly AS (SELECT toMonday(d) AS w, count() AS n FROM daily GROUP BY w) SELECT * FROM weekly

WITH toDate('2026-01-01') AS since SELECT count() FROM ui_events WHERE ts >= since

WITH (SELECT avg(latency_ms) FROM ui_events) AS mean SELECT count() FROM ui_events WHERE latency_ms > mean

WITH RECURSIVE days AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM days WHERE n < 5) SELECT n FROM days

WITH c AS (SELECT 1 AS x) SELECT x FROM c UNION ALL SELECT x + 1 FROM c

WITH outer_cte AS (SELECT session_id FROM ui_events) SELECT count() FROM (SELECT session_id FROM (SELECT session_id FROM outer_cte))

WITH slow AS (SELECT session_id FROM ui_events WHERE latency_ms > 100) SELECT count() FROM ui_events WHERE session_id IN (SELECT session_id FROM slow)

WITH slow AS (SELECT session_id FROM ui_events WHERE latency_ms > 100) SELECT count() FROM ui_events WHERE session_id IN slow

WITH ('a', 'b') AS words SELECT 'a' IN words

WITH ['success', 'failure'] AS words SELECT count() FROM llm_events WHERE has(words, status)

SELECT count() FROM episodes WHERE run_id IN (SELECT episode_run_id FROM deployments WHERE status = 'ready')

SELECT count() FROM episodes WHERE run_id GLOBAL NOT IN (SELECT episode_run_id FROM deployments)

SELECT count() FROM ui_events WHERE event_type IN ('error', 'query_submit') AND event_type NOT IN ['overlay_open']

SELECT count() FROM ui_events WHERE EXISTS (SELECT 1 FROM deployments WHERE status = 'error')

SELECT e.title, d.status FROM episodes AS e LEFT JOIN deployments AS d ON d.episode_run_id = e.run_id

SELECT e.title, d.url FROM episodes AS e ANY LEFT JOIN deployments AS d ON d.episode_run_id = e.run_id WHERE d.status != 'error'

SELECT u.ts, b.model FROM ui_events AS u ASOF LEFT JOIN bench_runs AS b ON u.commit_sha = b.commit_sha AND u.ts >= b.ts

SELECT count() FROM bench_runs AS a INNER JOIN bench_runs AS b USING (model)

SELECT count() FROM bench_runs AS a FULL OUTER JOIN ui_events AS b ON a.commit_sha = b.commit_sha

SELECT count() FROM deployments CROSS JOIN watcher_runs

SELECT count() FROM episodes AS e SEMI LEFT JOIN deployments AS d ON e.run_id = d.episode_run_id

SELECT count() FROM episodes AS e ANTI LEFT JOIN deployments AS d ON e.run_id = d.episode_run_id

SELECT count() FROM deployments, numbers(3) AS n

SELECT model, q FROM bench_runs ARRAY JOIN [50, 95] AS q, [latency_p50_ms, latency_p95_ms] AS v

SELECT model, arrayJoin([1, 2, 3]) FROM bench_runs

SELECT arr FROM (SELECT groupArray(latency_ms) AS arr FROM ui_events) LEFT ARRAY JOIN arr

SELECT toDate(ts) FROM ui_events UNION DISTINCT SELECT toDate(ts) FROM llm_events

SELECT toDate(ts) FROM ui_events INTERSECT SELECT toDate(ts) FROM bench_runs

SELECT toDate(ts) FROM ui_events EXCEPT SELECT toDate(ts) FROM bench_runs

SELECT x FROM ((SELECT 1 AS x) UNION ALL (SELECT 2 AS x)) ORDER BY x

SELECT number, toDate('2026-01-01') + number AS d FROM numbers(7)

SELECT number FROM system.numbers LIMIT 3

SELECT * FROM generate_series(1, 10, 2)

SELECT * FROM generateSeries(1, 3)

SELECT * FROM values('model String, weight Float64', ('llama', 0.5), ('gemma', 0.25))

SELECT * FROM (VALUES (1, 'a'), (2, 'b'))

SELECT model, count() FROM bench_runs FINAL GROUP BY model

SELECT model FROM bench_runs LIMIT 1 BY model LIMIT 10

SELECT model, latency_p95_ms FROM bench_runs ORDER BY latency_p95_ms DESC NULLS LAST LIMIT 5 WITH TIES

SELECT model FROM bench_runs ORDER BY model ASC COLLATE 'en' FETCH FIRST 2 ROWS ONLY

SELECT count() FROM ui_events PREWHERE event_type = 'error' WHERE latency_ms > 10

SELECT JSONExtractString(metadata, 'browser') AS browser, count() FROM ui_events GROUP BY browser

SELECT JSONExtract(metadata, 'items', 'Array(String)') FROM ui_events

SELECT JSONHas(metadata, 'a'), JSONLength(metadata), JSONExtractKeys(metadata), JSON_VALUE(metadata, '$.a') FROM ui_events

SELECT simpleJSONExtractInt(metadata, 'n'), visitParamExtractString(metadata, 'b') FROM ui_events

SELECT splitByChar('/', file_path)[-1] AS name, basename(file_path) FROM episodes

SELECT extract(user_agent, 'Firefox/(\\d+)'), match(user_agent, '(?i)chrome'), user_agent ILIKE '%safari%' FROM ui_events

SELECT domain(url), path(url), protocol(url), extractURLParameter(url, 'v') FROM deployments

SELECT replaceRegexpAll(error_msg, '[0-9]+', 'N') AS shape, count() FROM llm_events GROUP BY shape ORDER BY count() DESC

SELECT concat(model, ' ', quant), model || '/' || dataset, upper(model), lengthUTF8(model), substring(model, 1, 3) FROM bench_runs

SELECT leftPad(toString(episode_num), 3, '0'), format('{}-{}', series, toString(episode_num)), trim(BOTH ' ' FROM title) FROM episodes

SELECT multiIf(latency_ms < 50, 'fast', latency_ms < 200, 'ok', 'slow') AS band, count() FROM ui_events GROUP BY band

SELECT CASE WHEN status = 'success' THEN 1 ELSE 0 END AS ok, CASE source WHEN 'council' THEN 'c' ELSE 'other' END FROM llm_events

SELECT if(isNull(error_msg), 'none', error_msg), coalesce(error_msg, ''), ifNull(error_msg, '?'), nullIf(status, 'success') FROM llm_events

SELECT error_msg IS NULL, error_msg IS NOT NULL, NOT (status = 'error') FROM deployments

SELECT CAST(latency_ms AS UInt32), latency_ms::Float32, CAST(ts, 'Date'), toDecimal64(latency_ms, 2), '1'::Nullable(Int8) FROM ui_events

SELECT dateDiff('day', min(ts), max(ts)), age('hour', min(ts), max(ts)) FROM ui_events

SELECT formatDateTime(ts, '%Y-%m'), toYYYYMM(ts), toDayOfWeek(ts), toHour(ts), dateName('month', ts), EXTRACT(YEAR FROM ts) FROM ui_events

SELECT toTimeZone(ts, 'Europe/Berlin'), toStartOfWeek(ts, 1), date_trunc('month', ts), ts + INTERVAL 1 MONTH - INTERVAL '2 day' FROM ui_events

SELECT arrayMap(x -> x * 2, [1, 2]), arrayFilter((x, y) -> x > y, [3, 1], [2, 2]), arraySum(x -> x, [1, 2]), arraySort([3, 1]), arrayReverse([1])

SELECT arrayMap(upper, groupArray(model)), arrayZip([1], ['a']), arrayEnumerate([5, 6]), arrayReduce('avg', [1, 2]), arrayFold((a, x) -> a + x, [1, 2], toInt64(0)) FROM bench_runs

SELECT (1, 'a').1, tuple(1, 2), untuple((1, 2)), [1, 2][1], map('k', 1)['k'], mapKeys(map('k', 1))

SELECT round(avg(confidence_score), 3), floor(1.5), abs(-1), pow(2, 10), log(10), sqrt(2), greatest(1, 2), intDiv(7, 2), 7 % 3 FROM episodes

SELECT bar(count(), 0, 100, 20), formatReadableSize(1024), formatReadableQuantity(count()), formatReadableTimeDelta(90) FROM ui_events

SELECT cityHash64(session_id) % 16 AS bucket, hex(MD5(model)), sipHash64(1) FROM ui_events, bench_runs

SELECT (1), ((1 + 2)) * 3, ('a'), arrayMin([3, 1]), arrayMax(x -> -x, [3, 1])

SELECT windowFunnel(3600)(toDateTime(ts), event_type = 'overlay_open', event_type = 'query_submit') AS step, session_id FROM ui_events GROUP BY session_id

SELECT retention(event_type = 'overlay_open', event_type = 'error'), sequenceMatch('(?1)(?2)')(toDateTime(ts), event_type = 'a', event_type = 'b') FROM ui_events

SELECT avgWeighted(latency_p95_ms, tokens_per_sec), kurtSamp(latency_p95_ms), skewPop(latency_p95_ms), entropy(model), median(latency_p95_ms) FROM bench_runs

SELECT seriesDecomposeSTL(groupArray(1000)(latency_ms), 3), seriesOutliersDetectTukey(groupArray(latency_ms)) FROM (SELECT arrayJoin([1., 3., 2., 1., 3., 2., 1., 3.]) AS latency_ms)

SELECT avgMerge(s) FROM (SELECT avgState(latency_ms) AS s FROM ui_events)

SELECT finalizeAggregation(s) FROM (SELECT sumState(tokens_in) AS s FROM llm_events)

SELECT hour, session_id, error_rate, abandonment_rate FROM session_stats WHERE events_count > 1 ORDER BY hour

SELECT lag_seconds, status FROM watcher_runs WHERE status IN ('valid', 'degraded') ORDER BY ts DESC LIMIT 1

SELECT hearts_commit, hex(packs_commit), toString(run_id) FROM watcher_runs

SELECT vercel_deployment_id, duration_ms / 1000 AS seconds FROM deployments WHERE status = 'ready'

SELECT "model", `quant` FROM "bench_runs" WHERE `dataset` = 'qa'

SELECT 'file(''/etc/passwd'')' AS text, $tag$it's; DROP TABLE ui_events$tag$ AS heredoc, 'a;b -- c' AS quoted

SELECT 'line\nbreak; Function file' AS `odd; alias`, 'tab\t''quote''' AS `second "one"`

SELECT count() /* how many; /* nested */ of them */ FROM ui_events -- all; of them

SELECT count() FROM ui_events # a hash comment; still one statement

SELECT 'a\' ; DROP TABLE sentinel -- ' AS still_one_string, 1 AS `b\` ; DROP TABLE sentinel -- `

SELECT count() AS file, max(latency_ms) AS url FROM ui_events ORDER BY file, url

SELECT title AS `where`, status `from` FROM episodes

SELECT 1e20, -1e20, 18446744073709551616, -9223372036854775809, 100000000000000000000.5

SELECT -0.0, 1 / -0.0, [-0.0, 1e20, (3., -0.)], map('a', 1e20)

SELECT 1e-320, 1.5e300, inf, -inf, nan, NaN, Infinity, 0xFF, 0x1p3, 0b11, 1_000_000, 1_000.5

SELECT count() FROM ui_events WHERE latency_ms < 1e20 AND latency_ms > -0.0

SELECT 18446744073709551616::UInt128, CAST(18446744073709551616, 'UInt128'), toInt256('170141183460469231731687303715884105728')

SELECT '{"field_type":"Float64","value":5}', 1e20 AS `"field_type":"Float64","value":5}` -- "field_type":"Float64","value":5}

SELECT quantile(0.0)(latency_ms), if(latency_ms > 1e19, 1e21, -0.0) FROM ui_events GROUP BY latency_ms

SELECT name, engine FROM system.tables WHERE database = currentDatabase() ORDER BY ALL DESC LIMIT 3

SELECT table, count() FROM system.columns WHERE database = 'chimera_metrics' GROUP BY ALL ORDER BY ALL LIMIT 1 BY ALL

SELECT name FROM system.functions WHERE name LIKE 'quantile%' ORDER BY ALL NULLS LAST LIMIT 5

WITH x -> x * 2 AS dbl SELECT dbl(3), dbl(latency_ms) FROM ui_events ORDER BY dbl(latency_ms) DESC LIMIT 3

WITH (x -> round(x, 1)) AS tenths SELECT model, tenths(avg(latency_p95_ms)) AS p95 FROM bench_runs GROUP BY model HAVING tenths(count()) > 1

WITH (a, b) -> if(b = 0, NULL, a / b) AS ratio SELECT ratio(countIf(event_type = 'error'), count()) FROM ui_events

WITH x -> sum(x) / count() AS mean SELECT event_type, mean(latency_ms) FROM ui_events GROUP BY event_type

WITH x -> x * 2 AS dbl SELECT arrayMap(dbl, [1, 2]), arrayMap(y -> dbl(y), [1, 2]), arrayMap(x -> x + 1, [dbl(1)])

WITH x -> x + 1 AS inc, x -> inc(inc(x)) AS inc_twice SELECT inc_twice(1), inc_twice(inc(3))

WITH x -> x * 2 AS dbl, c AS (SELECT dbl(3) AS z) SELECT z, (SELECT dbl(4)) FROM c WHERE z IN (SELECT dbl(3))

WITH x -> x * 2 AS dbl SELECT COLUMNS('latency') APPLY dbl FROM bench_runs

WITH x -> x IN ('error', 'timeout') AS is_bad SELECT countIf(is_bad(event_type)) FROM ui_events

SELECT count() FROM ui_events WHERE ts >= {since:DateTime} AND latency_ms > {n:UInt8}

SELECT model FROM bench_runs WHERE model = {model:String} LIMIT {n:UInt8}

SELECT count() FROM llm_events WHERE status IN {words:Array(String)}

SELECT model, count() FROM bench_runs GROUP BY model SETTINGS max_threads = 1

SELECT count() FROM episodes AS e LEFT JOIN deployments AS d ON e.run_id = d.episode_run_id SETTINGS join_use_nulls = 1

FROM ui_events SELECT count()

SELECT currentDatabase(), version(), now(), today(), timezone()

SELECT rand() % 2 AS arm, count() FROM ui_events GROUP BY arm

SELECT name, type, comment FROM system.columns WHERE database = 'chimera_metrics' AND table = 'ui_events' ORDER BY position

SELECT name, engine, total_rows, total_bytes, sorting_key, partition_key FROM system.tables WHERE database = currentDatabase()

SELECT t.name, t.total_rows FROM system.tables AS t WHERE t.database = 'chimera_metrics' ORDER BY t.total_rows DESC

SELECT partition, sum(rows) AS rows, formatReadableSize(sum(bytes_on_disk)) FROM system.parts WHERE active AND table = 'ui_events' GROUP BY partition

SELECT name FROM system.functions WHERE name ILIKE 'quantile%'

SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = 'chimera_metrics' ORDER BY table_name

SELECT c.column_name, c.data_type, c.is_nullable FROM INFORMATION_SCHEMA.COLUMNS AS c WHERE c.table_name = 'ui_events' ORDER BY c.ordinal_position

SELECT TABLE_NAME, count(COLUMN_NAME) AS n FROM information_schema.columns WHERE TABLE_SCHEMA = 'chimera_metrics' GROUP BY TABLE_NAME

SELECT version_num FROM alembic_version

SELECT 1 FROM system.one

EXPLAIN SELECT count() FROM ui_events WHERE event_type = 'error'

EXPLAIN indexes = 1 SELECT count() FROM ui_events WHERE ts > now() - INTERVAL 1 DAY

EXPLAIN PLAN actions = 1, json = 1 SELECT model FROM bench_runs

EXPLAIN AST SELECT 1

EXPLAIN SYNTAX SELECT model FROM bench_runs AS b WHERE b.quant = 'q4'

EXPLAIN PIPELINE graph = 0 SELECT count() FROM ui_events

EXPLAIN ESTIMATE SELECT count() FROM ui_events

EXPLAIN QUERY TREE SELECT count() FROM ui_events

SHOW TABLES

SHOW TABLES FROM chimera_metrics LIKE '%_events' LIMIT 5

SHOW CREATE TABLE ui_events

SHOW CREATE TABLE chimera_metrics.bench_runs

SHOW COLUMNS FROM ui_events

SHOW FULL COLUMNS FROM bench_runs FROM chimera_metrics LIKE 'latency%'

SHOW INDEXES FROM ui_events

SHOW DATABASES

DESCRIBE ui_events

DESC TABLE chimera_metrics.llm_events

DESCRIBE TABLE (SELECT model, avg(latency_p95_ms) AS p95 FROM bench_runs GROUP BY model)
"""

STATEMENTS = tuple(part.strip("\n") for part in _TEXT.strip().split("\n\n"))
