"""What to write here for functions that other databases have: Postgres, MySQL, BigQuery, Snowflake, DuckDB."""

from __future__ import annotations

# What to write, and the names that it stands for.
_INSTEAD = {
    # of nulls and cases
    "ifNull(x, y)": "nvl",
    "if(x IS NULL, z, y)": "nvl2",
    "ifNull(x, 0)": "zeroifnull",
    "nullIf(x, 0)": "nullifzero",
    "isNotDistinctFrom(x, y)": "equal_null",
    "if(condition, x, y)": "iif iff",
    "multiIf(x = a, b, c)": "decode",
    "x / nullIf(y, 0)": "div0 div0null safe_divide try_divide",
    # of types
    "accurateCastOrNull(x, 'Float64')": "try_cast safe_cast try_convert try_to_number try_to_double try_to_decimal",
    "CAST(x AS Date)": "convert",
    "toString(x)": "to_varchar to_string",
    "toFloat64(x)": "to_number to_numeric to_decimal to_double",
    "toTypeName(x)": "typeof pg_typeof system$typeof",
    # aggregates
    "uniq(x)": "approx_count_distinct approx_distinct approxcountdistinct hll hll_count_distinct",
    "count(DISTINCT x)": "count_distinct",
    "countIf(condition)": "count_if countif",
    "sumIf(x, condition)": "sum_if sumif",
    "avgIf(x, condition)": "avg_if avgif averageif",
    "arrayJoin(range(1, 6))": "generate_series",
    "startsWith(text, part)": "starts_with",
    "endsWith(text, part)": "ends_with",
    "quantile(0.95)(x)": "percentile percentile_approx approx_percentile approx_quantile",
    "quantiles(0.5, 0.95)(x)": "approx_quantiles",
    "quantileExactInclusive(0.95)(x)": "percentile_cont quantile_cont",
    "quantileExact(0.95)(x)": "percentile_disc quantile_disc",
    "arrayStringConcat(groupArray(x), ', ')": "listagg",
    "groupArray(x)": "collect_list list json_agg jsonb_agg json_arrayagg",
    "mapFromArrays(groupArray(x), groupArray(y))": "json_objectagg json_object_agg object_agg map_agg",
    "char(97)": "chr",
    "groupUniqArray(x)": "collect_set array_unique_agg",
    "max(condition)": "bool_or logical_or boolor_agg",
    "min(condition)": "bool_and logical_and booland_agg every",
    "topK(3)(x)": "mode approx_top_k_count",
    "argMin(x, ts)": "first first_agg",
    "argMax(x, ts)": "last last_agg",
    "sum(x)": "total",
    "varSamp(x)": "variance",
    "x / sum(x) OVER ()": "ratio_to_report",
    # of times
    "now()": "getdate sysdate getutcdate sysdatetime sysutcdatetime systimestamp clock_timestamp statement_timestamp "
    "transaction_timestamp current_datetime",
    "formatDateTime(ts, '%Y-%m-%d')": "to_char strftime format_date format_timestamp format_datetime",
    "toISOWeek(ts)": "weekofyear",
    "dateName('weekday', ts)": "dayname",
    "toDayOfWeek(ts)": "weekday dayofweek_iso isodow",
    "toHour(ts) or toMonth(ts)": "datepart",
    "dateTrunc('month', ts)": "timestamp_trunc datetime_trunc time_slice",
    "toLastDayOfMonth(ts)": "eomonth",
    "toDateTime(text)": "datetime",
    "dateDiff('day', a, b)": "julianday days_between",
    "dateDiff('hour', a, b)": "datetime_diff hours_between",
    "dateDiff('month', a, b)": "months_between",
    "addMonths(ts, 1)": "add_months",
    "toDate(text)": "to_date parse_date",
    "toDateOrNull(text)": "try_to_date",
    "parseDateTimeBestEffort(text)": "to_timestamp try_to_timestamp parse_timestamp parse_datetime to_datetime",
    "toUnixTimestamp(ts)": "unixepoch unix_timestamp unix_seconds",
    "toUnixTimestamp64Milli(ts)": "unix_millis epoch_ms",
    "fromUnixTimestamp(seconds)": "timestamp_seconds",
    "fromUnixTimestamp64Milli(milliseconds)": "timestamp_millis",
    "INTERVAL 5 DAY": "make_interval",
    "toTimeZone(ts, 'Europe/Berlin')": "convert_timezone convert_tz from_tz",
    "makeDate(2026, 1, 1)": "make_date date_from_parts datefromparts",
    # of text
    "lengthUTF8(text)": "len",
    "position(text, part)": "charindex strpos",
    "position(text, part) > 0": "contains contains_substr",
    "match(text, pattern)": "regexp_like regexp_contains regexp_full_match patindex",
    "countMatches(text, pattern)": "regexp_count",
    "splitByChar('-', text)[1]": "split_part strtok",
    "splitByChar('-', text)": "split string_split string_to_array str_split",
    "trim(text)": "btrim",
    "has(splitByChar(',', texts), text)": "find_in_set",
    "replaceAll(text, part, other)": "stuff",
    # of numbers
    "rand()": "random",
    "generateUUIDv4()": "gen_random_uuid newid uuid uuid_string generate_uuid",
    "x * x": "square",
    # of nested values
    "JSONExtractString(metadata, 'key')": "json_extract get_json_object json_extract_path_text json_extract_scalar "
    "json_extract_string jsonb_extract_path jsonb_extract_path_text get_path parse_json json_parse to_variant",
    "arrayJoin(JSONExtractArrayRaw(json))": "jsonb_array_elements json_array_elements json_each",
    "JSONExtractKeys(json)": "jsonb_object_keys json_object_keys json_keys object_keys",
    "arrayJoin(array)": "explode",
    "length(array)": "array_length array_size list_length",
    "has(array, x)": "array_contains list_contains",
    "arrayStringConcat(array, ', ')": "array_join",
    "array[1]": "element_at list_extract",
    "tuple(x, y)": "row struct struct_pack",
    "toJSONString(map('key', x))": "json_build_object json_object jsonb_build_object object_construct to_json to_jsonb "
    "row_to_json to_json_string",
    "range(1, 6)": "generate_array sequence array_generate_range",
    "arrayMap(n -> toDate('2026-01-01') + n, range(31))": "generate_date_array",
}
FUNCTIONS = {name: instead for instead, names in _INSTEAD.items() for name in names.split()}


def instead_of_function(name: str) -> str | None:
    """What to write for a function of another database, None where it is not one that is known."""
    return FUNCTIONS.get(name.lower())
