# ruff: noqa: E501 - a statement stays on one line
"""Statements that no limit of the engine ends: what one function makes of large values, and what it keeps.

Their outcome under `readonly = 1` alone is "endless": they pass it, and are not tried.
"""

from tests.guard.hostile.statement import Hostile

_TEXT = "repeat('{\"a\":', 100000)"
_LONG = "a" * 1_001
_RING = "arrayMap(x -> (cos(x) * 10, sin(x * 1.7) * 10), range(12000))"
_NUMBERS = "arrayMap(x -> cityHash64(x), range(1000000))"
_WORDS = "arrayMap(x -> toString(cityHash64(x)), range(200000))"

_PATTERNS = (
    *("match", "notMatch", "countMatches", "countMatchesCaseInsensitive", "extract", "extractAll", "extractGroups"),
    *("extractAllGroups", "extractAllGroupsHorizontal", "extractAllGroupsVertical", "regexpExtract", "REGEXP_EXTRACT"),
    *("REGEXP_MATCHES", "REGEXP_SUBSTR", "regexp_instr", "regexpInstr", "regexpPosition", "matchCaseInsensitive"),
)
_REPLACING = ("replaceRegexpAll", "replaceRegexpOne", "REGEXP_REPLACE")
_POLYGONS = (
    *("polygonsWithinCartesian", "polygonsWithinSpherical", "polygonsIntersectionCartesian", "polygonsUnionCartesian"),
    *("polygonsIntersectionSpherical", "polygonsUnionSpherical", "polygonsSymDifferenceCartesian"),
    *("polygonsSymDifferenceSpherical", "polygonsDistanceCartesian", "polygonsDistanceSpherical"),
    *("polygonsEqualsCartesian", "polygonsIntersectCartesian", "polygonsIntersectSpherical"),
)


def _endless(why: str, expression: str, rest: str = "") -> Hostile:
    return Hostile(why, "endless", f"SELECT {expression}{rest}")


PATTERNS = (
    *(_endless(f"{name} with a long computed pattern", f"{name}({_TEXT}, {_TEXT})") for name in _PATTERNS),
    *(_endless(f"{name} with a long computed pattern", f"{name}({_TEXT}, {_TEXT}, '')") for name in _REPLACING),
    _endless("splitByRegexp with a long computed pattern", f"splitByRegexp({_TEXT}, {_TEXT})"),
    _endless("multiMatchAny with a long computed pattern", f"multiMatchAny({_TEXT}, [{_TEXT}])"),
    _endless("multiMatchAnyIndex with many patterns", f"multiMatchAnyIndex('a', {_WORDS})"),
    _endless("multiFuzzyMatchAny with a long computed pattern", f"multiFuzzyMatchAny({_TEXT}, 2, [{_TEXT}])"),
    _endless("a pattern behind an alias", f"{_TEXT} AS p, match(p, p)"),
    _endless("a pattern from a subquery", f"match('a', (SELECT {_TEXT}))"),
    _endless("a pattern from a WITH", f"match('a', p) FROM (WITH {_TEXT} AS p SELECT p)"),
    _endless("a pattern in each row", "max(match(metadata, user_agent)) FROM ui_events"),
    _endless("a long pattern as a literal", f"match('a', '{_LONG}')"),
    _endless("a long pattern in pieces", f"match('a', concat('{_LONG[:600]}', '{_LONG[:600]}'))"),
    _endless("a long pattern in a lambda", f"arrayMap(x -> match(x, {_TEXT}), ['a'])"),
    _endless("a pattern from a lambda's parameter", "arrayMap(x -> match('a', x), splitByChar(',', repeat('a,', 99)))"),
    Hostile("a long pattern in a named lambda", "endless", f"WITH x -> match(x, {_TEXT}) AS f SELECT f('a')"),
    _endless("~, the operator of a pattern", f"{_TEXT} REGEXP {_TEXT}"),
    _endless("LIKE with a long text and a long pattern", f"{_TEXT} LIKE {_TEXT}"),
)

PAIRS = (
    _endless("hasAll of many texts", f"hasAll({_WORDS}, {_WORDS})"),
    _endless("hasAny of many numbers", f"hasAny({_NUMBERS}, {_NUMBERS})"),
    _endless("hasSubstr of many numbers", f"hasSubstr({_NUMBERS}, {_NUMBERS})"),
    _endless("hasAll of gathered numbers", "hasAll(g, g) FROM (SELECT groupArray(number) AS g FROM numbers(9000000))"),
    _endless("hasAny of texts of the store", "hasAny(g, g) FROM (SELECT groupArray(metadata) AS g FROM ui_events)"),
    _endless("arraySimilarity of long arrays", f"arraySimilarity({_NUMBERS}, {_NUMBERS}, {_NUMBERS}, {_NUMBERS})"),
    _endless("position of a long text", "position(repeat('a', 1000000), concat(repeat('a', 100000), 'b'))"),
    _endless(
        "countSubstrings without case", "countSubstringsCaseInsensitiveUTF8(repeat('a', 1000000), repeat('a', 900))"
    ),
    _endless("splitByString with a long text", f"splitByString(concat({_TEXT}, 'b'), repeat({_TEXT}, 9))"),
    _endless("ilike with long patterns", "max(ilike('a', concat(toString(number), repeat('bbbbbbbbb', 1000000)))) FROM numbers(300)"),
    _endless("multiSearch for many texts", f"multiSearchFirstPositionUTF8('a', arrayMap(toString, {_NUMBERS}))"),
    _endless("multiSearch for many texts in rows", "multiSearchFirstIndex(toString(number), arrayMap(toString, range(100000))) "
             "FROM numbers(9)"),
    _endless("cutURLParameter of many names", f"cutURLParameter(repeat('lorem 42, ', 1000000), arrayMap(toString, {_NUMBERS}))"),
    _endless("jaroSimilarity of long texts", f"jaroSimilarity({_TEXT}, {_TEXT})"),
    _endless("arrayReduceInRanges", f"arrayReduceInRanges('sum', arrayMap(x -> (1, 1000000), range(1000000)), {_NUMBERS})"),
    _endless("lambdas within lambdas", "arraySum(x -> arraySum(y -> x * y, range(30000)), range(30000))"),
    _endless("three lambdas deep", "arrayMap(x -> arrayMap(y -> arrayMap(z -> x + y + z, r), r), range(2000) AS r)"),
    _endless("arrayFold of many steps", f"arrayFold((a, x) -> a + x, {_NUMBERS}, toUInt64(0))"),
    _endless("isPrime of many numbers", f"arrayMap(isPrime, {_NUMBERS})"),
    _endless("isProbablePrime of many numbers", f"arrayMap(x -> isProbablePrime(x, 256), {_NUMBERS})"),
    _endless("seriesDecomposeSTL of many numbers", f"seriesDecomposeSTL({_NUMBERS}, 24)"),
    _endless("hashes of shingles of a long text", f"wordShingleMinHash(repeat({_TEXT}, 100))"),
)  # fmt: skip

POLYGONS = tuple(_endless(f"{name} of long rings", f"{name}([[{_RING}]], [[{_RING}]])") for name in _POLYGONS)

GROWTH = (
    _endless("repeat of repeat", "length(upper(repeat(repeat('a', 1000000), 1000)))"),
    _endless("repeat by a number that nobody knows", "lower(repeat(repeat('a', 1000), toUInt64(rand())))"),
    _endless("repeat in each row", "upper(repeat(repeat(metadata, 1000), 1000)) FROM ui_events"),
    _endless("format that repeats", "lower(format(repeat('{0}', 9000), repeat('a', 1000000)))"),
    _endless("printf with a wide field", "length(printf('%999999999d', 1))"),
    _endless("leftPad", "reverse(leftPad('a', 900000000))"),
    _endless("rightPadUTF8", "reverseUTF8(rightPadUTF8('a', 900000000))"),
    _endless("space", "hex(space(900000000))"),
    _endless("replaceAll with a long text", "hex(replaceAll(repeat('a', 1000000), 'a', repeat('b', 1000)))"),
    _endless("replaceRegexpAll that repeats", "hex(replaceRegexpAll(repeat('a', 1000000), 'a', repeat('\\\\0', 1000)))"),
    _endless("arrayStringConcat with a long separator", "hex(arrayStringConcat(range(1000000), repeat('a', 100000)))"),
    _endless("arrayWithConstant", "arraySort(arrayWithConstant(900000000, 1))"),
    _endless("arrayResize", "arraySort(arrayResize([1], 900000000))"),
    _endless("replicate", f"arraySort(replicate({_NUMBERS}, {_NUMBERS}))"),
    _endless("arrays of arrays", "arrayMap(x -> range(100000), range(100000))"),
    _endless("arrayShingles", f"arraySort(arrayShingles({_NUMBERS}, 900000))"),
    _endless("ngrams", f"arraySort(ngrams({_TEXT}, 300000))"),
    _endless("randomString", "hex(randomString(900000000))"),
    _endless("randomPrintableASCII", "hex(randomPrintableASCII(900000000))"),
    _endless("toFixedString", "hex(toFixedString('a', 900000000))"),
    _endless("a cast to a wide FixedString", "hex(CAST('a', 'FixedString(900000000)'))"),
    _endless("timeSlots", "arraySort(timeSlots(now(), toUInt32(4000000000), 1))"),
    _endless("timeSeriesRange", "arraySort(timeSeriesRange(toDateTime(0), toDateTime(4000000000), 1))"),
    _endless("h3kRing", "h3kRing(644325529233966508, 20000)"),
    _endless("h3ToChildren", "h3ToChildren(h3ToParent(644325529233966508, 0), 9)"),
    _endless("mapPopulateSeries", "mapPopulateSeries(map(1, 2), 900000000)"),
    _endless("prettyPrintJSON of a deep text", f"prettyPrintJSON({_TEXT})"),
    _endless("sparseGrams of a long text", f"sparseGrams({_TEXT})"),
    _endless("arrayFold that doubles a text", "length(arrayFold((a, x) -> concat(a, a), range(40), 'a'))"),
    _endless("arrayFold that doubles an array", "length(arrayFold((a, x) -> arrayConcat(a, a), range(40), [1]))"),
    _endless("arrayJoin of arrayJoin", "SHA512(toString(arrayJoin(range(100000)) + arrayJoin(range(100000))))"),
    _endless("APPLY with a lambda", "COLUMNS('_ms') APPLY (x -> arraySort(arrayWithConstant(900000000, x))) FROM llm_events"),
    _endless("a recursive CTE that doubles a text", "lower(x) FROM (WITH RECURSIVE r AS (SELECT 'a' AS x UNION ALL "
             "SELECT concat(x, x) FROM r WHERE length(x) < 9e8) SELECT x FROM r)"),
    _endless("a large value behind an alias", "repeat('a', 1000000) AS a, concat(a, a, a, a) AS b, repeat(b, 1000) AS c, hex(c)"),
    _endless("a large value from a subquery", "hex(x) FROM (SELECT repeat(repeat('a', 1000000), 900) AS x)"),
    _endless("a large value from a CTE", "hex(x) FROM (WITH c AS (SELECT repeat(repeat('a', 1000000), 900) AS x) SELECT x FROM c)"),
    _endless("a large value in LIMIT", "1 LIMIT length(hex(repeat(repeat('a', 1000000), 900)))"),
    _endless("a large value in EXPLAIN", "1", " WHERE hex(repeat(repeat('a', 1000000), 900)) != ''"),
)  # fmt: skip

ENDLESS = PATTERNS + PAIRS + POLYGONS + GROWTH
