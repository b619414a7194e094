# ruff: noqa: E501 - a statement stays on one line
"""After ClickHouse's documentation: its pages on SELECT and its clauses, window and aggregate functions, and functions."""

CLICKHOUSE = tuple(
    """
SELECT event_type, arr FROM (SELECT event_type, [1, 2] AS arr FROM ui_events) ARRAY JOIN arr

SELECT event_type, arr FROM (SELECT event_type, emptyArrayUInt8() AS arr FROM ui_events) LEFT ARRAY JOIN arr

SELECT event_type, arr, a FROM (SELECT event_type, [3, 4, 5] AS arr FROM ui_events) ARRAY JOIN arr AS a

SELECT event_type, arr_external FROM ui_events ARRAY JOIN [1, 2, 3] AS arr_external

SELECT arr, a, num, mapped FROM (SELECT [3, 4, 5] AS arr) ARRAY JOIN arr AS a, arrayEnumerate(arr) AS num, arrayMap(x -> x + 1, arr) AS mapped

SELECT arr, a, num, arrayEnumerate(arr) FROM (SELECT [3, 4, 5] AS arr) ARRAY JOIN arr AS a, arrayEnumerate(arr) AS num

SELECT sum(tokens_in), error_msg FROM llm_events GROUP BY error_msg

SELECT toYear(ts) AS year, toMonth(ts) AS month, toDayOfMonth(ts) AS day, count(*) FROM ui_events GROUP BY ROLLUP(year, month, day)

SELECT toYear(ts) AS year, toMonth(ts) AS month, toDayOfMonth(ts) AS day, count(*) FROM ui_events GROUP BY year, month, day WITH ROLLUP

SELECT toYear(ts) AS year, toMonth(ts) AS month, toDayOfMonth(ts) AS day, count(*) FROM ui_events GROUP BY CUBE(year, month, day)

SELECT toYear(ts) AS year, toMonth(ts) AS month, count(*) FROM ui_events GROUP BY year, month WITH CUBE

SELECT latency_ms * 2, event_type, count(metadata) FROM ui_events GROUP BY ALL

SELECT substring(event_type, 4, 2), substring(substring(event_type, 1, 2), 1, count(metadata)) FROM ui_events GROUP BY ALL

SELECT count(), median(latency_ms > 60 ? 60 : latency_ms), count() - sum(latency_ms) FROM ui_events

SELECT domainWithoutWWW(url) AS domain, count(), any(status) AS title FROM deployments GROUP BY domain

SELECT toYear(ts) AS year, toMonth(ts) AS month, count(*) FROM ui_events GROUP BY GROUPING SETS ((year, month), (year), ())

SELECT model, latency_p95_ms, row_number() OVER (ORDER BY latency_p95_ms) AS row FROM bench_runs

SELECT model, latency_p95_ms, row_number() OVER (ORDER BY latency_p95_ms) AS row, rank() OVER (ORDER BY latency_p95_ms) AS rank, dense_rank() OVER (ORDER BY latency_p95_ms) AS denseRank FROM bench_runs

SELECT model, latency_p95_ms, quant, avg(latency_p95_ms) OVER (PARTITION BY quant) AS teamAvg, latency_p95_ms - teamAvg AS diff FROM bench_runs

SELECT model, latency_p95_ms, quant, max(latency_p95_ms) OVER (PARTITION BY quant) AS teamMax, latency_p95_ms - teamMax AS diff FROM bench_runs

SELECT event_type, ts, groupArray(latency_ms) OVER (PARTITION BY event_type) AS frame_values FROM ui_events ORDER BY event_type ASC, ts ASC

SELECT event_type, ts, groupArray(latency_ms) OVER (PARTITION BY event_type ORDER BY ts ASC Rows BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS frame_values FROM ui_events ORDER BY event_type ASC, ts ASC

SELECT event_type, ts, groupArray(latency_ms) OVER (PARTITION BY event_type ORDER BY ts ASC Rows BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS frame_values FROM ui_events ORDER BY event_type ASC, ts ASC

SELECT event_type, ts, groupArray(latency_ms) OVER (PARTITION BY event_type ORDER BY ts DESC) AS frame_values FROM ui_events ORDER BY event_type ASC, ts ASC

SELECT event_type, ts, groupArray(latency_ms) OVER (PARTITION BY event_type ORDER BY ts ASC Rows BETWEEN 1 PRECEDING AND CURRENT ROW) AS frame_values FROM ui_events ORDER BY event_type ASC, ts ASC

SELECT event_type, ts, groupArray(latency_ms) OVER (PARTITION BY event_type ORDER BY ts ASC Rows BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING) AS frame_values FROM ui_events ORDER BY event_type ASC, ts ASC

SELECT event_type, groupArray(latency_ms) OVER w1 AS frame_values, row_number() OVER w1 AS rn_1, sum(1) OVER w1 AS rn_2, row_number() OVER w2 AS rn_3, sum(1) OVER w2 AS rn_4 FROM ui_events WINDOW w1 AS (PARTITION BY event_type ORDER BY ts DESC), w2 AS (PARTITION BY event_type ORDER BY ts DESC Rows BETWEEN 1 PRECEDING AND CURRENT ROW)

SELECT event_type, first_value(latency_ms) OVER w1 AS first, last_value(latency_ms) OVER w1 AS last FROM ui_events WINDOW w1 AS (PARTITION BY event_type ORDER BY ts ASC)

SELECT event_type, nth_value(latency_ms, 2) OVER (PARTITION BY event_type ORDER BY ts ASC) AS second_value FROM ui_events

SELECT event_type, ts, sum(latency_ms) OVER (PARTITION BY event_type ORDER BY ts ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cumulative FROM ui_events

SELECT event_type, ts, avg(latency_ms) OVER (PARTITION BY event_type ORDER BY toUnixTimestamp(ts) ASC Range BETWEEN 10 PRECEDING AND CURRENT ROW) AS moving_avg_10_seconds FROM ui_events

SELECT event_type, ts, avg(latency_ms) OVER (PARTITION BY event_type ORDER BY toDate(ts) Range BETWEEN 10 PRECEDING AND CURRENT ROW) AS moving_avg_10_days FROM ui_events

SELECT ts, lagInFrame(latency_ms) OVER (ORDER BY ts ASC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS previous FROM ui_events

SELECT ts, leadInFrame(latency_ms, 1, 0.) OVER (ORDER BY ts ASC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next FROM ui_events

SELECT ts, nonNegativeDerivative(assumeNotNull(latency_ms), toDateTime(ts)) OVER (ORDER BY ts ASC) AS speed FROM ui_events

SELECT ts, percent_rank() OVER (PARTITION BY event_type ORDER BY latency_ms RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS place FROM ui_events

SELECT ts, ntile(4) OVER (PARTITION BY event_type ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS quarter FROM ui_events

SELECT * FROM ui_events ORDER BY event_type, ts LIMIT 2 BY event_type

SELECT * FROM ui_events ORDER BY event_type, ts LIMIT 1, 2 BY event_type

SELECT domainWithoutWWW(url) AS domain, domainWithoutWWW(url) AS referrer_domain, status AS device_type, count() AS cnt FROM deployments GROUP BY domain, referrer_domain, device_type ORDER BY cnt DESC LIMIT 5 BY domain, device_type LIMIT 100

SELECT n FROM (SELECT toFloat32(number % 10) AS n, 'original' AS source FROM numbers(10) WHERE number % 3 = 1) ORDER BY n

SELECT n, source FROM (SELECT toFloat32(number % 10) AS n, 'original' AS source FROM numbers(10) WHERE number % 3 = 1) ORDER BY n WITH FILL

SELECT n, source FROM (SELECT toFloat32(number % 10) AS n, 'original' AS source FROM numbers(10) WHERE number % 3 = 1) ORDER BY n WITH FILL FROM 0 TO 5.51 STEP 0.5

SELECT toDate((number * 10) * 86400) AS d1, toDate(number * 86400) AS d2, 'original' AS source FROM numbers(10) WHERE (number % 3) = 1 ORDER BY d2 WITH FILL, d1 WITH FILL STEP 5

SELECT toDate((number * 10) * 86400) AS d1, toDate(number * 86400) AS d2, 'original' AS source FROM numbers(10) WHERE (number % 3) = 1 ORDER BY d1 WITH FILL STEP INTERVAL 1 DAY, d2 WITH FILL

SELECT n, source, inter FROM (SELECT toFloat32(number % 10) AS n, 'original' AS source, number AS inter FROM numbers(10) WHERE number % 3 = 1) ORDER BY n WITH FILL FROM 0 TO 5.51 STEP 0.5 INTERPOLATE (inter AS inter + 1)

SELECT DISTINCT * FROM ui_events ORDER BY ts

SELECT DISTINCT ON (event_type, schema_version) * FROM ui_events ORDER BY event_type, schema_version, ts

SELECT DISTINCT event_type FROM ui_events ORDER BY latency_ms ASC

SELECT number, intDiv(number, 10), count() FROM numbers(100) GROUP BY number HAVING count() >= 1 ORDER BY number LIMIT 3

SELECT * FROM (SELECT number FROM numbers(50)) LIMIT 5 OFFSET 10

SELECT * FROM ui_events ORDER BY latency_ms LIMIT 3 WITH TIES

SELECT event_type, latency_ms FROM ui_events ORDER BY latency_ms OFFSET 1 ROW FETCH FIRST 3 ROWS ONLY

SELECT count() FROM ui_events PREWHERE event_type = 'error' WHERE latency_ms > 10 AND schema_version < 3

SELECT event_type, count() FROM ui_events WHERE ts BETWEEN '2026-01-01 00:00:00' AND '2026-01-02 00:00:00' GROUP BY event_type

SELECT number FROM numbers(20) WHERE (number > 10) AND (number % 3 == 0)

SELECT *, number % 2 FROM numbers(5) QUALIFY count() OVER (PARTITION BY number % 2) > 2

SELECT b.model, l.model FROM bench_runs AS b INNER JOIN llm_events AS l ON b.run_id = l.run_id

SELECT b.model, count() FROM bench_runs AS b LEFT JOIN llm_events AS l USING (run_id) GROUP BY b.model

SELECT e.title, d.status FROM episodes AS e LEFT ANY JOIN deployments AS d ON e.run_id = d.episode_run_id AND d.status = 'ready'

SELECT u.ts, l.latency_ms FROM ui_events AS u ASOF LEFT JOIN llm_events AS l ON u.event_type = l.operation AND u.ts >= l.ts

SELECT a.number, b.number FROM numbers(3) AS a CROSS JOIN numbers(3) AS b

SELECT b.model FROM bench_runs AS b SEMI JOIN llm_events AS l ON b.model = l.model

SELECT b.model FROM bench_runs AS b ANTI JOIN llm_events AS l ON b.model = l.model

SELECT * FROM (SELECT number AS a FROM numbers(2)) AS t1 PASTE JOIN (SELECT number AS a FROM numbers(2) ORDER BY a DESC) AS t2

SELECT model, hits, visits FROM (SELECT model, count() AS hits FROM bench_runs GROUP BY model) AS a ANY LEFT JOIN (SELECT model, sum(tokens_in) AS visits FROM llm_events GROUP BY model) AS b USING model ORDER BY hits DESC LIMIT 10

WITH '2026-01-01 15:23:00' AS ts_upper_bound SELECT * FROM ui_events WHERE toDate(ts) = toDate(ts_upper_bound) AND ts <= ts_upper_bound

WITH sum(tokens_in) AS s SELECT formatReadableSize(s), model FROM llm_events GROUP BY model ORDER BY s

WITH (SELECT sum(latency_ms) FROM ui_events) AS total SELECT (sum(latency_ms) / total) * 100 AS share, event_type FROM ui_events GROUP BY event_type ORDER BY share DESC LIMIT 10

WITH test1 AS (SELECT number + 1 AS i FROM numbers(3)) SELECT * FROM test1

WITH RECURSIVE test_table AS (SELECT 1 AS number UNION ALL SELECT number + 1 FROM test_table WHERE number < 100) SELECT sum(number) FROM test_table

SELECT COLUMNS('lat') FROM bench_runs

SELECT COLUMNS('lat'), COLUMNS('p95'), toTypeName(COLUMNS('p95')) FROM bench_runs

SELECT * APPLY(toString) EXCEPT(run_id) APPLY(length) APPLY(max) FROM bench_runs

SELECT * REPLACE(latency_ms + 1 AS latency_ms) EXCEPT (metadata) APPLY(any) FROM ui_events

SELECT * FROM ui_events WHERE event_type IN ('error', 'query_submit') AND (latency_ms, schema_version) NOT IN ((1, 1), (2, 2))

SELECT count() FROM llm_events WHERE model IN (SELECT model FROM bench_runs WHERE latency_p95_ms > 5)

SELECT toDate(ts) AS EventDate, avg(session_id IN (SELECT session_id FROM ui_events WHERE toDate(ts) = toDate('2026-01-01'))) AS ratio FROM ui_events GROUP BY EventDate ORDER BY EventDate ASC

SELECT event_type FROM ui_events WHERE event_type LIKE '%err%' OR event_type ILIKE 'QUERY\\_%'

SELECT CASE event_type WHEN 'error' THEN 1 WHEN 'query_submit' THEN 2 ELSE 3 END AS kind, count() FROM ui_events GROUP BY kind

SELECT CASE WHEN latency_ms < 10 THEN 'fast' WHEN latency_ms < 30 THEN 'middle' ELSE 'slow' END AS speed, count() FROM ui_events GROUP BY speed

SELECT toDateTime('2026-01-01 12:34:56') + INTERVAL 4 DAY + INTERVAL 3 hour, ts - INTERVAL 1 WEEK FROM ui_events LIMIT 2

SELECT sumIf(latency_ms, event_type = 'error'), countIf(latency_ms > 5), avgOrNull(latency_ms), uniqArray([event_type]) FROM ui_events

SELECT sumMap([event_type], [latency_ms]) FROM (SELECT event_type, toUInt64(1) AS latency_ms FROM ui_events)

SELECT sumForEach([1, 2, number]) FROM numbers(3)

SELECT groupArrayResample(30, 75, 30)(model, toUInt8(latency_p95_ms)) FROM bench_runs

SELECT groupUniqArray(event_type), groupArraySample(3)(latency_ms), groupArray(2)(latency_ms) FROM ui_events

SELECT argMin(model, latency_p95_ms), argMax(model, latency_p95_ms), anyLast(model), anyHeavy(model) FROM bench_runs

SELECT quantileTDigest(0.95)(latency_ms), quantilesTiming(0.5, 0.9)(latency_ms), median(latency_ms) FROM ui_events

SELECT histogram(5)(number + 1) FROM (SELECT * FROM numbers(20))

SELECT windowFunnel(6048000000000000)(toDateTime(ts), event_type = 'overlay_open', event_type = 'query_submit', event_type = 'error') AS level FROM ui_events GROUP BY session_id

SELECT session_id, retention(toDate(ts) = '2026-01-01', toDate(ts) = '2026-01-02') AS r FROM ui_events GROUP BY session_id

SELECT uniqUpTo(4)(model), uniqCombined(12)(model), uniqTheta FROM (SELECT model, 1 AS uniqTheta FROM bench_runs) GROUP BY uniqTheta

SELECT sequenceMatch('(?1)(?2)')(toDateTime(ts), event_type = 'error', event_type = 'query_submit'), sequenceCount('(?1).*(?2)')(toDateTime(ts), event_type = 'error', event_type = 'query_submit') FROM ui_events

SELECT topK(3)(model), topKWeighted(2)(model, 1), approx_top_k(2)(model) FROM bench_runs

SELECT simpleLinearRegression(toUnixTimestamp(ts), latency_ms), corr(latency_ms, schema_version), covarPop(latency_ms, schema_version) FROM ui_events

SELECT entropy(event_type), skewPop(latency_ms), kurtSamp(latency_ms), stddevSamp(latency_ms), varPop(latency_ms) FROM ui_events

SELECT studentTTest(latency_ms, event_type = 'error'), welchTTest(latency_ms, event_type = 'error'), mannWhitneyUTest('greater')(latency_ms, event_type = 'error') FROM ui_events

SELECT exponentialMovingAverage(5)(latency_ms, toUnixTimestamp(ts)), deltaSum(latency_ms) FROM ui_events

SELECT sparkbar(9)(toUnixTimestamp(ts), toUInt64(latency_ms)) FROM ui_events

SELECT event_type, bar(count(), 0, 50, 20) FROM ui_events GROUP BY event_type

SELECT arrayFilter(x -> x LIKE '%World%', ['Hello', 'abc World']) AS res, arrayFilter((i, x) -> x LIKE '%World%', arrayEnumerate(arr), ['Hello', 'abc World'] AS arr) AS res2

SELECT arrayFold((acc, x) -> acc + x * 2, [1, 2, 3, 4], toInt64(3)) AS res

SELECT arrayCumSum([1, 1, 1, 1]), arrayDifference([1, 2, 3, 4]), arrayDistinct([1, 2, 2]), arrayReverse([1, 2, 3]), arraySlice([1, 2, NULL, 4, 5], 2, 3)

SELECT arraySort((x, y) -> y, ['hello', 'world'], [2, 1]), arrayReduce('uniqUpTo(3)', [1, 2, 3, 4]), arrayZip(['a', 'b'], [5, 2])

SELECT extract(event_type, '[a-z]+'), match(event_type, '^err'), replaceRegexpAll(event_type, '(\\w+)_(\\w+)', '\\2 \\1') FROM ui_events LIMIT 3

SELECT extractAllGroupsVertical('abc=111, def=222, ghi=333', '("[^"]+"|\\w+)=("[^"]+"|\\w+)'), splitByRegexp('\\d+', 'a12bc23de345f')

SELECT JSONExtractString(metadata, 'n'), JSONExtractInt(metadata, 'n'), JSONHas(metadata, 'n'), JSON_VALUE(metadata, '$.n') FROM ui_events LIMIT 3

SELECT toStartOfInterval(ts, INTERVAL 1 DAY) AS day, dateDiff('hour', min(ts), max(ts)), formatDateTime(day, '%Y-%m-%d') FROM ui_events GROUP BY day ORDER BY day

SELECT toTimeZone(ts, 'Asia/Yekaterinburg'), toYYYYMMDD(ts), toISOWeek(ts), toStartOfFifteenMinutes(ts), timeSlot(ts) FROM ui_events LIMIT 2

SELECT splitByChar(',', '1,2,3,abcde'), splitByString(', ', '1, 2 3, 4,5, abcde'), arrayStringConcat(splitByChar('_', event_type), '-') FROM ui_events LIMIT 2

SELECT leftPad('abc', 7, '*'), repeat('abc', 10), concat('Hello, ', 'World!'), positionCaseInsensitive('Hello, world!', 'hello'), format('{1} {0} {1}', 'World', 'Hello')

SELECT transform(schema_version, [1, 2], ['one', 'two'], 'Other') AS title, count() AS c FROM ui_events GROUP BY title ORDER BY c DESC

SELECT number, rowNumberInAllBlocks(), rowNumberInBlock() FROM (SELECT number FROM numbers(5) ORDER BY number)

SELECT map('key1', number, 'key2', number * 2) AS m, m['key2'], mapKeys(m), mapFilter((k, v) -> v > 2, m) FROM numbers(3)

SELECT geoDistance(37.6, 55.7, 37.7, 55.8), pointInPolygon((3., 3.), [(6, 0), (8, 4), (5, 8), (0, 2)]) AS res, geohashEncode(-5.6, 42.6, 0)

SELECT polygonsWithinCartesian([[[(2., 2.), (2., 3.), (3., 3.), (3., 2.)]]], [[[(1., 1.), (1., 4.), (4., 4.), (4., 1.), (1., 1.)]]])

SELECT arrayJoin([1, 2, 3] AS src) AS dst, 'Hello', src

SELECT sum(1) AS impressions, arrayJoin(['Istanbul', 'Berlin', 'Bobruisk']) AS city FROM numbers(3) GROUP BY city

SELECT bitmapToArray(bitmapBuild([1, 2, 3, 4, 5])), hex(SHA256('abc')), cityHash64(event_type) % 10 FROM ui_events LIMIT 2

SELECT generateUUIDv4() != generateUUIDv4(1) AS different, toTypeName(toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'))

EXPLAIN SYNTAX SELECT * FROM numbers(10) AS a, numbers(10) AS b WHERE a.number = b.number

EXPLAIN PIPELINE SELECT sum(number) FROM numbers(100000) GROUP BY number % 4
""".strip().split("\n\n")
)
