"""What may pass the parser guard, as data: an allow list, read from top to bottom.

Functions come from `system.functions` of ClickHouse 26.9, reviewed by category. Left out, so refused: what reads files,
dictionaries, other tables by name or the network; what tells about the host, the server's settings or other users; what
sleeps, raises, traces or keeps state; what parses SQL or asks a language model; what takes keys or models; the
`…IgnoreSet` family, whose right side would be a table that nobody reads. A function that a newer engine brings is
refused until it is reviewed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TABLES = _words("""
bench_runs llm_events ui_events episodes deployments watcher_runs session_stats llm_events_hourly ui_events_hourly
alembic_version""")

# System tables, and the columns of each that may be read (None: all). Left out are paths on disk, disks and storage
# policies, definitions that can hold credentials or name other sources, and what tells about values of other tables.
SYSTEM_TABLES: Mapping[str, frozenset[str] | None] = {
    "one": None,
    "numbers": None,
    "numbers_mt": None,
    "zeros": None,
    "tables": _words("""
database table name engine is_temporary metadata_modification_time partition_key sorting_key primary_key sampling_key
total_rows total_bytes total_bytes_uncompressed parts active_parts total_marks comment has_own_data"""),
    "columns": _words("""
database table name type position default_kind data_compressed_bytes data_uncompressed_bytes marks_bytes comment
is_in_partition_key is_in_sorting_key is_in_primary_key is_in_sampling_key compression_codec character_octet_length
numeric_precision numeric_precision_radix numeric_scale datetime_precision"""),
    "parts": _words("""
database table name part_name partition partition_id part_type active visible rows marks files bytes bytes_on_disk
data_compressed_bytes data_uncompressed_bytes primary_key_size marks_bytes modification_time remove_time refcount
min_date max_date min_time max_time min_block_number max_block_number level engine"""),
    "functions": _words("""
name is_aggregate case_insensitive alias_to origin description syntax arguments parameters returned_value examples
introduced_in categories deterministic higher_order"""),
}

# Left-out columns by name: no alias may borrow them in a query on these tables.
KEPT_BACK = _words("""
data_paths metadata_path path disk_name create_table_query engine_full as_select create_query storage_policy
default_expression serialization_hint statistics definer target_database target_table dependencies_database
dependencies_table loading_dependencies_table loading_dependent_table part_storage_type""")

TABLE_FUNCTIONS = _words("numbers numbers_mt generate_series generateseries values sqlstandardvalues")

# They change how a query is worked out, never how much it may use, where it writes or what it is called in logs.
SETTINGS = _words("""
max_threads max_block_size join_use_nulls join_algorithm group_by_use_nulls aggregate_functions_null_for_empty
transform_null_in any_join_distinct_right_table_keys union_default_mode optimize_read_in_order
optimize_aggregation_in_order optimize_move_to_prewhere enable_optimize_predicate_expression use_skip_indexes
force_index_by_date force_primary_key totals_mode optimize_use_projections""")

# Under these a benchmark run that was sent again is one run. A statement may say them, but with no other value.
HELD_SETTINGS: Mapping[str, int] = {
    "final": 1,
    "defer_partition_pruning_after_final": 1,
    "apply_prewhere_after_final": 1,
    "do_not_merge_across_partitions_select_final": 0,
}

# Tables whose rows replace each other, and the columns by which the engine leaves parts out before it looks which row
# is the last: a condition on one of them would bring replaced rows back.
REPLACING = _words("bench_runs")
PHYSICAL_COLUMNS = _words("""
_part _part_index _part_starting_offset _part_uuid _partition_id _sample_factor _part_offset _part_granule_offset
_part_data_version _disk_name _partition_value _row_exists _block_number _block_offset""")

EXPLAIN_KINDS = _words("AST SYNTAX PLAN PIPELINE ESTIMATE") | {"", "QUERY TREE"}

EXPLAIN_SETTINGS = _words("""
actions compact description dump_ast dump_passes dump_tree graph header indexes json keep_logical_steps oneline optimize
passes pretty projections query_tree_passes run_passes run_query_tree_passes sorting""")

# Combinators extend an aggregate's name: sumIf, quantileTDigestArrayIf. The base name is what is looked up.
COMBINATORS = (
    *("SimpleState", "OrDefault", "Distinct", "Resample", "ForEach", "ArgMax", "ArgMin", "OrNull"),
    *("Tuple", "Merge", "State", "Array", "Null", "Map", "If"),
)

# The right side of these may be the bare name of a table, a CTE or a constant.
IN_FUNCTIONS = _words("in notin globalin globalnotin nullin notnullin globalnullin globalnotnullin")

# These take a function, and since 26.x the bare name of one: arrayMap(file, …) reads files.
HIGHER_ORDER = _words("""
arrayall arrayavg arraybottomk arraycompact arraycount arraycumsum arraycumsumnonnegative arraydifference arrayexists
arrayfill arrayfilter arrayfirst arrayfirstindex arrayfirstornull arrayfold arraylast arraylastindex arraylastornull
arraymap arraymax arraymin arraypartialreversesort arraypartialsort arrayproduct arrayreversefill arrayreversesort
arrayreversesplit arraysort arraysplit arraysum arraytopk mapall mapapply mapexists mapfilter mappartialreversesort
mappartialsort mapreversesort mapsort""")

# An argument that names a type or an aggregate function as text has to be a literal, or nobody can judge it.
TYPE_LAST = _words("""
cast accuratecast accuratecastornull reinterpret jsonextract jsonextractcaseinsensitive jsonextractkeysandvalues
jsonextractkeysandvaluescaseinsensitive""")
TYPE_SECOND = _words("accuratecastordefault")
AGGREGATE_FIRST = _words("arrayreduce arrayreduceinranges")

# What a reader is told beyond "not on the list".
REASONS: Mapping[str, str] = {
    "file": "it reads files of the machine",
    "editdistance": "no time limit stops it within a long text",
    "levenshteindistance": "no time limit stops it within a long text",
    "url": "it opens network connections",
    "s3": "it opens network connections",
    "remote": "it opens network connections",
    "remotesecure": "it opens network connections",
    "cluster": "it reads tables by other names",
    "merge": "it reads tables by other names",
    "view": "a plain subquery does the same: FROM (SELECT …)",
    "viewexplain": "send EXPLAIN as the statement itself",
    "dictget": "dictionaries are not part of this store",
    "joinget": "it reads tables by other names",
    "executable": "it starts programs",
    "python": "it runs Python",
    "sleep": "it only waits",
    "sleepeachrow": "it only waits",
}

# Node types of the engine's tree, and the parts of each that may be there. What is not listed is refused: a new clause
# in a newer engine is closed until somebody has read what it does. INTO OUTFILE and FORMAT are parts (out_file,
# format_ast) left out here.
_OUTFILE_FLAGS = "is_outfile_append is_outfile_truncate is_into_outfile_with_stdout"
NODES: Mapping[str, frozenset[str]] = {
    "SelectWithUnionQuery": _words(f"union_mode list_of_modes list_of_selects {_OUTFILE_FLAGS}"),
    "SelectQuery": _words("""
with recursive_with select distinct tables prewhere where group_by group_by_all group_by_with_cube
group_by_with_grouping_sets group_by_with_rollup having window qualify order_by order_by_all
interpolate limit_by limit_by_all limit_by_length limit_by_offset limit_length limit_offset limit_with_ties
settings"""),
    "ExplainQuery": _words(f"kind settings query {_OUTFILE_FLAGS}"),
    "ExpressionList": _words("children"),
    "Subquery": _words("children alias"),
    "WithElement": _words("name subquery is_materialized"),
    "Function": _words("""
name arguments parameters alias is_operator is_lambda_function is_window_function kind window_definition window_name
nulls_action"""),
    "Identifier": _words("name name_parts alias"),
    "Literal": _words("value alias"),
    "QueryParameter": _words("name param_type alias"),
    "Asterisk": _words("transformers"),
    "QualifiedAsterisk": _words("qualifier transformers"),
    "ColumnsRegexpMatcher": _words("pattern transformers"),
    "ColumnsListMatcher": _words("column_list transformers"),
    "QualifiedColumnsRegexpMatcher": _words("qualifier pattern transformers"),
    "QualifiedColumnsListMatcher": _words("qualifier column_list transformers"),
    "ColumnsTransformerList": _words("children"),
    "ColumnsApplyTransformer": _words("func_name parameters lambda lambda_arg"),
    "ColumnsExceptTransformer": _words("children is_strict pattern"),
    "ColumnsReplaceTransformer": _words("children is_strict"),
    "ColumnsReplaceTransformerReplacement": _words("name children"),
    "TablesInSelectQuery": _words("children"),
    "TablesInSelectQueryElement": _words("table_expression table_join array_join"),
    "TableExpression": _words("database_and_table_name table_function subquery final sample_size sample_offset"),
    "TableIdentifier": _words("name name_parts alias"),
    "TableJoin": _words("kind strictness locality is_natural on_expression using_expression_list"),
    "ArrayJoin": _words("kind expression_list"),
    "SampleRatio": _words("numerator denominator"),
    "OrderByElement": _words("""
expression direction nulls_direction nulls_direction_was_explicitly_specified collation with_fill fill_from fill_to
fill_step fill_staleness"""),
    "InterpolateElement": _words("column expr"),
    "WindowListElement": _words("name definition"),
    "WindowDefinition": _words("""
parent_window_name partition_by order_by frame_is_default frame_type frame_begin_type frame_begin_offset
frame_begin_preceding frame_end_type frame_end_offset frame_end_preceding"""),
    "SetQuery": _words("changes"),
}

# Here the engine works out constants in a context of its own, in which a CTE may not be visible: there a name is always
# taken for a table.
APART = _words("""
parameters limit_by_length limit_by_offset limit_length limit_offset fill_from fill_to fill_step fill_staleness
interpolate frame_begin_offset frame_end_offset sample_size sample_offset""")

FUNCTIONS = frozenset(
    name.lower()
    for names in {
        "arithmetic": """
abs avg2 byteSwap divide divideDecimal divideOrNull gcd ifNotFinite intDiv intDivOrNull intDivOrZero isFinite
isInfinite isNaN lcm max2 midpoint min2 minus modulo moduloOrNull moduloOrZero multiply multiplyDecimal negate plus
positiveModulo positiveModuloOrNull sqr""",
        "arrays": """
array arrayAll arrayAUCPR arrayAutocorrelation arrayAvg arrayBottomK arrayCompact arrayConcat arrayCount
arrayCumSum arrayCumSumNonNegative arrayDifference arrayDistinct arrayDotProduct arrayElement arrayElementOrNull
arrayEnumerate arrayEnumerateDense arrayEnumerateDenseRanked arrayEnumerateUniq arrayEnumerateUniqRanked
arrayExcept arrayExists arrayFill arrayFilter arrayFirst arrayFirstIndex arrayFirstOrNull arrayFlatten
arrayFlattenedLength arrayFold arrayIntersect arrayJaccardIndex arrayJoin arrayLast arrayLastIndex arrayLastOrNull
arrayMap arrayMax arrayMin arrayNormalizedGini
arrayPartialReverseSort arrayPartialShuffle arrayPartialSort arrayPopBack arrayPopFront arrayProduct arrayPushBack
arrayPushFront arrayRandomSample arrayReduce arrayReduceInRanges arrayRemove arrayResize arrayReverse
arrayReverseFill arrayReverseSort arrayReverseSplit arrayROCAUC arrayRotateLeft arrayRotateRight arrayShiftLeft
arrayShiftRight arrayShingles arrayShuffle arraySimilarity arraySlice arraySort arraySplit arraySum
arraySymmetricDifference arrayTopK arrayTranspose arrayUnion arrayUniq arrayWithConstant arrayZip arrayZipUnaligned
countEqual empty emptyArrayDate emptyArrayDateTime emptyArrayFloat32 emptyArrayFloat64 emptyArrayInt16
emptyArrayInt32 emptyArrayInt64 emptyArrayInt8 emptyArrayString emptyArrayToSingle emptyArrayUInt16
emptyArrayUInt32 emptyArrayUInt64 emptyArrayUInt8 has hasAll hasAny hasSubstr indexOf indexOfAssumeSorted length
notEmpty notHas range replicate reverse""",
        "bit": """
bitAnd bitCount bitHammingDistance bitNot bitOr bitRotateLeft bitRotateRight bitShiftLeft bitShiftRight bitSlice
bitTest bitTestAll bitTestAny bitXor""",
        "bitmap": """
bitmapAnd bitmapAndCardinality bitmapAndnot bitmapAndnotCardinality bitmapBuild bitmapCardinality bitmapContains
bitmapHasAll bitmapHasAny bitmapMax bitmapMin bitmapOr bitmapOrCardinality bitmapSubsetInRange bitmapSubsetLimit
bitmapToArray bitmapTransform bitmapXor bitmapXorCardinality subBitmap""",
        "comparison": """
equals globalIn globalNotIn globalNotNullIn globalNullIn greater greaterOrEquals in isDistinctFrom
isNotDistinctFrom less lessOrEquals notEquals notIn notNullIn nullIn""",
        "conditional": """
clamp greatest if least multiIf""",
        "dates and times": """
addDate addDays addHours addInterval addMicroseconds addMilliseconds addMinutes addMonths addNanoseconds
addQuarters addSeconds addTupleOfIntervals addWeeks addYears age changeDay changeHour changeMinute changeMonth
changeSecond changeYear dateDiff dateName dateTrunc formatDateTime formatDateTimeInJodaSyntax fromDaysSinceYearZero
fromDaysSinceYearZero32 fromModifiedJulianDay fromModifiedJulianDayOrNull fromUnixTimestamp
fromUnixTimestampInJodaSyntax fromUTCTimestamp localtime makeDate makeDate32 makeDateTime makeDateTime64 monthName
now now64 nowInBlock nowInBlock64 subDate subtractDays subtractHours subtractInterval subtractMicroseconds
subtractMilliseconds subtractMinutes subtractMonths subtractNanoseconds subtractQuarters subtractSeconds
subtractTupleOfIntervals subtractWeeks subtractYears timeDiff timeSlot timeSlots timestamp timezone timezoneOf
timezoneOffset today toDayOfMonth toDayOfWeek toDayOfYear toDaysInMonth toDaysSinceYearZero toHour toISOWeek
toISOYear toLastDayOfMonth toLastDayOfWeek toMicrosecond toMillisecond toMinute toModifiedJulianDay
toModifiedJulianDayOrNull toMonday toMonth toMonthNumSinceEpoch toNanosecond toQuarter toRelativeDayNum
toRelativeHourNum toRelativeMinuteNum toRelativeMonthNum toRelativeQuarterNum toRelativeSecondNum toRelativeWeekNum
toRelativeYearNum toSecond toStartOfDay toStartOfFifteenMinutes toStartOfFiveMinutes toStartOfHour
toStartOfInterval toStartOfISOYear toStartOfMicrosecond toStartOfMillisecond toStartOfMinute toStartOfMonth
toStartOfNanosecond toStartOfQuarter toStartOfSecond toStartOfTenMinutes toStartOfWeek toStartOfYear
toTimeWithFixedDate toTimezone toUnixTimestamp toUTCTimestamp toWeek toYear toYearNumSinceEpoch toYearWeek toYYYYMM
toYYYYMMDD toYYYYMMDDhhmmss UTCTimestamp yesterday YYYYMMDDhhmmssToDateTime YYYYMMDDhhmmssToDateTime64
YYYYMMDDToDate YYYYMMDDToDate32""",
        "distance": """
cosineDistance L1Distance L1Norm L1Normalize L2Distance L2Norm L2Normalize L2SquaredDistance L2SquaredNorm
LinfDistance LinfNorm LinfNormalize LpDistance LpNorm LpNormalize""",
        "encoding": """
bin bitmaskToArray bitmaskToList bitPositionsToArray char hex hilbertDecode hilbertEncode mortonDecode mortonEncode
sqidDecode sqidEncode unbin unhex""",
        "financial": """
financialInternalRateOfReturn financialInternalRateOfReturnExtended financialNetPresentValue
financialNetPresentValueExtended""",
        "geo": """
areaCartesian areaSpherical geoDistance geohashDecode geohashEncode geohashesInBox geometryIntersectCartesian
geometryIntersectSpherical geoToH3 geoToMGRS geoToUTM greatCircleAngle greatCircleDistance h3CellAreaM2
h3CellAreaRads2 h3Distance h3EdgeAngle h3EdgeLengthKm h3EdgeLengthM h3ExactEdgeLengthKm h3ExactEdgeLengthM
h3ExactEdgeLengthRads h3GetBaseCell h3GetDestinationIndexFromUnidirectionalEdge h3GetFaces
h3GetIndexesFromUnidirectionalEdge h3GetOriginIndexFromUnidirectionalEdge h3GetPentagonIndexes h3GetRes0Indexes
h3GetResolution h3GetUnidirectionalEdge h3GetUnidirectionalEdgeBoundary h3GetUnidirectionalEdgesFromHexagon
h3HexAreaKm2 h3HexAreaM2 h3HexRing h3IndexesAreNeighbors h3IsPentagon h3IsResClassIII h3IsValid h3kRing h3Line
h3NumHexagons h3PointDistKm h3PointDistM h3PointDistRads h3PolygonToCells h3PolygonToCellsWithContainment
h3ToCenterChild h3ToChildren h3ToGeo h3ToGeoBoundary h3ToParent h3ToString h3UnidirectionalEdgeIsValid MGRSToGeo
perimeterCartesian perimeterSpherical pointInEllipses pointInPolygon polygonsIntersectCartesian
polygonsIntersectSpherical readWKB readWKT stringToH3 svg UTMToGeo wkb wkt""",
        "geo polygon": """
polygonAreaCartesian polygonAreaSpherical polygonConvexHullCartesian polygonPerimeterCartesian
polygonPerimeterSpherical polygonsDistanceCartesian polygonsDistanceSpherical polygonsEqualsCartesian
polygonsIntersectionCartesian polygonsIntersectionSpherical polygonsSymDifferenceCartesian
polygonsSymDifferenceSpherical polygonsUnionCartesian polygonsUnionSpherical polygonsWithinCartesian
polygonsWithinSpherical readWKBLineString readWKBMultiLineString readWKBMultiPoint readWKBMultiPolygon readWKBPoint
readWKBPolygon readWKTLineString readWKTMultiLineString readWKTMultiPoint readWKTMultiPolygon readWKTPoint
readWKTPolygon readWKTRing""",
        "hash": """
cityHash64 farmFingerprint64 farmHash64 gccMurmurHash halfMD5 hiveHash icebergHash intHash32 intHash64 javaHash
javaHashUTF16LE jumpConsistentHash kafkaMurmurHash keccak256 kostikConsistentHash MD4 MD5 metroHash64
murmurHash2_32 murmurHash2_64 murmurHash3_128 murmurHash3_32 murmurHash3_64 ngramMinHash ngramMinHashArg
ngramMinHashArgCaseInsensitive ngramMinHashArgCaseInsensitiveUTF8 ngramMinHashArgUTF8 ngramMinHashCaseInsensitive
ngramMinHashCaseInsensitiveUTF8 ngramMinHashUTF8 ngramSimHash ngramSimHashCaseInsensitive
ngramSimHashCaseInsensitiveUTF8 ngramSimHashUTF8 RIPEMD160 SHA1 SHA224 SHA256 SHA384 SHA512 SHA512_256 sipHash128
sipHash128Keyed sipHash128Reference sipHash128ReferenceKeyed sipHash64 sipHash64Keyed URLHash wordShingleMinHash
wordShingleMinHashArg wordShingleMinHashArgCaseInsensitive wordShingleMinHashArgCaseInsensitiveUTF8
wordShingleMinHashArgUTF8 wordShingleMinHashCaseInsensitive wordShingleMinHashCaseInsensitiveUTF8
wordShingleMinHashUTF8 wordShingleSimHash wordShingleSimHashCaseInsensitive wordShingleSimHashCaseInsensitiveUTF8
wordShingleSimHashUTF8 wyHash64 xxh3 xxh3_128 xxHash32 xxHash64 xxHash64Spark""",
        "ip address": """
cutIPv6 IPv4CIDRToRange IPv4NumToString IPv4NumToStringClassC IPv4StringToNum IPv4StringToNumOrDefault
IPv4StringToNumOrNull IPv4ToIPv6 IPv6CIDRToRange IPv6NumToString IPv6StringToNum IPv6StringToNumOrDefault
IPv6StringToNumOrNull isIPAddressInRange isIPv4String isIPv6String toIPv4 toIPv4OrDefault toIPv4OrNull toIPv4OrZero
toIPv6 toIPv6OrDefault toIPv6OrNull toIPv6OrZero""",
        "internal": """
caseWithExpression""",
        "json": """
dynamicElement dynamicType isDynamicElementInSharedData isValidJSON JSON_EXISTS JSON_QUERY JSON_VALUE JSONAllPaths
JSONAllPathsWithTypes JSONAllValues JSONArrayLength JSONDynamicPaths JSONDynamicPathsWithTypes JSONExtract
JSONExtractArrayRaw JSONExtractArrayRawCaseInsensitive JSONExtractBool JSONExtractBoolCaseInsensitive
JSONExtractCaseInsensitive JSONExtractFloat JSONExtractFloatCaseInsensitive JSONExtractInt
JSONExtractIntCaseInsensitive JSONExtractKeys JSONExtractKeysAndValues JSONExtractKeysAndValuesCaseInsensitive
JSONExtractKeysAndValuesRaw JSONExtractKeysAndValuesRawCaseInsensitive JSONExtractKeysCaseInsensitive
JSONExtractRaw JSONExtractRawCaseInsensitive JSONExtractString JSONExtractStringCaseInsensitive JSONExtractUInt
JSONExtractUIntCaseInsensitive JSONHas JSONKey JSONLength JSONMergePatch JSONSharedDataPaths
JSONSharedDataPathsWithTypes JSONType prettyPrintJSON simpleJSONExtractBool simpleJSONExtractFloat
simpleJSONExtractInt simpleJSONExtractRaw simpleJSONExtractString simpleJSONExtractUInt simpleJSONHas toJSONString""",
        "logical": """
and not or xor""",
        "map": """
extractKeyValuePairs extractKeyValuePairsWithEscaping map mapAdd mapAll mapApply mapConcat mapContainsKey
mapContainsKeyLike mapContainsValue mapContainsValueLike mapExists mapExtractKeyLike mapExtractValueLike mapFilter
mapFromArrays mapKeys mapPartialReverseSort mapPartialSort mapPopulateSeries mapReverseSort mapSort mapSubtract
mapUpdate mapValues""",
        "mathematical": """
acos acosh asin asinh atan atan2 atanh cbrt cos cosh degrees e erf erfc exp exp10 exp2 factorial hypot intExp10
intExp2 isPrime isProbablePrime lgamma log log10 log1p log2 pi pow proportionsZTest radians sigmoid sign sin sinh
sqrt tan tanh tgamma widthBucket""",
        "null": """
assumeNotNull coalesce firstNonDefault ifNull isNotNull isNull isNullable isZeroOrNull nullIf toNullable""",
        "other": """
bar blockNumber byteSize colorOKLABToSRGB colorOKLCHToSRGB colorSRGBToOKLAB colorSRGBToOKLCH countDigits
currentDatabase defaultValueOfArgumentType digits errorCodeToName finalizeAggregation flipCoordinates
formatReadableDecimalSize formatReadableQuantity formatReadableSize formatReadableTimeDelta getSizeOfEnumType
identity ignore indexHint isConstant isDecimalOverflow lowCardinalityIndices lowCardinalityKeys MACNumToString
MACStringToNum MACStringToOUI materialize minSampleSizeContinuous minSampleSizeConversion neighbor
parseISO8601Duration parseReadableSize parseReadableSizeOrNull parseReadableSizeOrZero parseTimeDelta
rowNumberInAllBlocks rowNumberInBlock runningAccumulate runningDifference runningDifferenceStartingWithFirstValue
toColumnTypeName toTypeName transform variantElement variantType version visibleWidth""",
        "random number": """
rand rand64 randBernoulli randBinomial randCanonical randChiSquared randConstant randExponential randFisherF
randLogNormal randNegativeBinomial randNormal randomFixedString randomPrintableASCII randomString randomStringUTF8
randPoisson randStudentT randUniform""",
        "rounding": """
ceil floor round roundAge roundBankers roundDown roundDuration roundToExp2 trunc""",
        "string": """
appendTrailingCharIfAbsent ascii base32Decode base32Encode base58Decode base58Encode base64Decode base64Encode
base64URLDecode base64URLEncode basename byteHammingDistance caseFoldUTF8 compareSubstrings concat
concatAssumeInjective concatWithSeparator concatWithSeparatorAssumeInjective conv convertCharset CRC32 CRC32IEEE
CRC64 decodeHTMLComponent decodeXMLComponent
encodeXMLComponent endsWith endsWithCaseInsensitive endsWithCaseInsensitiveUTF8 endsWithUTF8 extractTextFromHTML
firstLine initcap initcapUTF8 isValidASCII isValidUTF8 jaroSimilarity jaroWinklerSimilarity left leftPad
leftPadUTF8 leftUTF8 lengthUTF8 lower lowerUTF8 naturalSortKey normalizeUTF8NFC normalizeUTF8NFD normalizeUTF8NFKC
normalizeUTF8NFKCCasefold normalizeUTF8NFKD regexpExtract regexpPosition removeDiacriticsUTF8 repeat reverseUTF8
right rightPad rightPadUTF8 rightUTF8 soundex space sparseGrams sparseGramsHashes sparseGramsHashesUTF8
sparseGramsUTF8 startsWith startsWithCaseInsensitive startsWithCaseInsensitiveUTF8 startsWithUTF8
stringBytesEntropy stringBytesUniq stringJaccardIndex stringJaccardIndexUTF8 substring substringIndex
substringIndexUTF8 substringUTF8 toValidUTF8 trimBoth trimLeft trimRight tryBase32Decode tryBase58Decode
tryBase64Decode tryBase64URLDecode upper upperUTF8""",
        "string replacement": """
format overlay overlayUTF8 printf regexpQuoteMeta replaceAll replaceOne replaceRegexpAll replaceRegexpOne translate
translateUTF8""",
        "string search": """
countMatches countMatchesCaseInsensitive countSubstrings countSubstringsCaseInsensitive
countSubstringsCaseInsensitiveUTF8 extract extractAll extractAllGroupsHorizontal extractGroups hasAllTokens
hasAnyTokens hasPhrase hasSubsequence hasSubsequenceCaseInsensitive hasSubsequenceCaseInsensitiveUTF8
hasSubsequenceUTF8 hasToken hasTokenCaseInsensitive hasTokenCaseInsensitiveOrNull hasTokenOrNull ilike like locate
match matchCaseInsensitive multiFuzzyMatchAllIndices multiFuzzyMatchAny multiFuzzyMatchAnyIndex
multiMatchAllIndices multiMatchAny multiMatchAnyIndex multiSearchAllPositions
multiSearchAllPositionsCaseInsensitive multiSearchAllPositionsCaseInsensitiveUTF8 multiSearchAllPositionsUTF8
multiSearchAny multiSearchAnyCaseInsensitive multiSearchAnyCaseInsensitiveUTF8 multiSearchAnyUTF8
multiSearchFirstIndex multiSearchFirstIndexCaseInsensitive multiSearchFirstIndexCaseInsensitiveUTF8
multiSearchFirstIndexUTF8 multiSearchFirstPosition multiSearchFirstPositionCaseInsensitive
multiSearchFirstPositionCaseInsensitiveUTF8 multiSearchFirstPositionUTF8 ngramDistance ngramDistanceCaseInsensitive
ngramDistanceCaseInsensitiveUTF8 ngramDistanceUTF8 ngramSearch ngramSearchCaseInsensitive
ngramSearchCaseInsensitiveUTF8 ngramSearchUTF8 notILike notLike notMatch notMatchCaseInsensitive position
positionCaseInsensitive positionCaseInsensitiveUTF8 positionUTF8""",
        "string splitting": """
alphaTokens arrayStringConcat extractAllGroupsVertical ngrams reverseBySeparator splitByChar splitByNonAlpha
splitByRegexp splitByString splitByWhitespace tokens tokensForLikePattern""",
        "time series": """
seriesDecomposeSTL seriesOutliersDetectTukey timeSeriesFromGrid timeSeriesRange""",
        "time window": """
hop hopEnd hopStart tumble tumbleEnd tumbleStart""",
        "tuple": """
dotProduct flattenTuple tuple tupleConcat tupleDivide tupleDivideByNumber tupleElement tupleHammingDistance
tupleIntDiv tupleIntDivByNumber tupleIntDivOrZero tupleIntDivOrZeroByNumber tupleMinus tupleModulo
tupleModuloByNumber tupleMultiply tupleMultiplyByNumber tupleNames tupleNegate tuplePlus
tuplePositiveModuloByNumber tupleToNameValuePairs""",
        "type conversion": """
accurateCast accurateCastOrDefault accurateCastOrNull CAST DATE fromUnixTimestamp64Micro fromUnixTimestamp64Milli
fromUnixTimestamp64Nano fromUnixTimestamp64Second parseDateTime parseDateTime32BestEffort
parseDateTime32BestEffortOrNull parseDateTime32BestEffortOrZero parseDateTime64 parseDateTime64BestEffort
parseDateTime64BestEffortOrNull parseDateTime64BestEffortOrZero parseDateTime64BestEffortUS
parseDateTime64BestEffortUSOrNull parseDateTime64BestEffortUSOrZero parseDateTime64InJodaSyntax
parseDateTime64InJodaSyntaxOrNull parseDateTime64InJodaSyntaxOrZero parseDateTime64OrNull parseDateTime64OrZero
parseDateTimeBestEffort parseDateTimeBestEffortOrNull parseDateTimeBestEffortOrZero parseDateTimeBestEffortUS
parseDateTimeBestEffortUSOrNull parseDateTimeBestEffortUSOrZero parseDateTimeInJodaSyntax
parseDateTimeInJodaSyntaxOrNull parseDateTimeInJodaSyntaxOrZero parseDateTimeOrNull parseDateTimeOrZero reinterpret
reinterpretAsDate reinterpretAsDateTime reinterpretAsFixedString reinterpretAsFloat32 reinterpretAsFloat64
reinterpretAsInt128 reinterpretAsInt16 reinterpretAsInt256 reinterpretAsInt32 reinterpretAsInt64 reinterpretAsInt8
reinterpretAsString reinterpretAsUInt128 reinterpretAsUInt16 reinterpretAsUInt256 reinterpretAsUInt32
reinterpretAsUInt64 reinterpretAsUInt8 reinterpretAsUUID toBFloat16 toBFloat16OrNull toBFloat16OrZero toBool toDate
toDate32 toDate32OrDefault toDate32OrNull toDate32OrZero toDateOrDefault toDateOrNull toDateOrZero toDateTime
toDateTime32 toDateTime64 toDateTime64OrDefault toDateTime64OrNull toDateTime64OrZero toDateTimeOrDefault
toDateTimeOrNull toDateTimeOrZero toDecimal128 toDecimal128OrDefault toDecimal128OrNull toDecimal128OrZero
toDecimal256 toDecimal256OrDefault toDecimal256OrNull toDecimal256OrZero toDecimal32 toDecimal32OrDefault
toDecimal32OrNull toDecimal32OrZero toDecimal64 toDecimal64OrDefault toDecimal64OrNull toDecimal64OrZero
toDecimalString toFixedString toFloat32 toFloat32OrDefault toFloat32OrNull toFloat32OrZero toFloat64
toFloat64OrDefault toFloat64OrNull toFloat64OrZero toInt128 toInt128OrDefault toInt128OrNull toInt128OrZero toInt16
toInt16OrDefault toInt16OrNull toInt16OrZero toInt256 toInt256OrDefault toInt256OrNull toInt256OrZero toInt32
toInt32OrDefault toInt32OrNull toInt32OrZero toInt64 toInt64OrDefault toInt64OrNull toInt64OrZero toInt8
toInt8OrDefault toInt8OrNull toInt8OrZero toInterval toIntervalDay toIntervalHour toIntervalMicrosecond
toIntervalMillisecond toIntervalMinute toIntervalMonth toIntervalNanosecond toIntervalQuarter toIntervalSecond
toIntervalWeek toIntervalYear toLowCardinality toString toStringCutToZero toTime toTime64 toTime64OrNull
toTime64OrZero toTimeOrNull toTimeOrZero toUInt128 toUInt128OrDefault toUInt128OrNull toUInt128OrZero toUInt16
toUInt16OrDefault toUInt16OrNull toUInt16OrZero toUInt256 toUInt256OrDefault toUInt256OrNull toUInt256OrZero
toUInt32 toUInt32OrDefault toUInt32OrNull toUInt32OrZero toUInt64 toUInt64OrDefault toUInt64OrNull toUInt64OrZero
toUInt8 toUInt8OrDefault toUInt8OrNull toUInt8OrZero toUnixTimestamp64Micro toUnixTimestamp64Milli
toUnixTimestamp64Nano toUnixTimestamp64Second toUUID toUUIDOrZero""",
        "url": """
cutFragment cutQueryString cutQueryStringAndFragment cutToFirstSignificantSubdomain
cutToFirstSignificantSubdomainCustom cutToFirstSignificantSubdomainCustomRFC
cutToFirstSignificantSubdomainCustomWithWWW cutToFirstSignificantSubdomainCustomWithWWWRFC
cutToFirstSignificantSubdomainRFC cutToFirstSignificantSubdomainWithWWW cutToFirstSignificantSubdomainWithWWWRFC
cutURLParameter cutWWW decodeURLComponent decodeURLFormComponent domain domainRFC domainWithoutWWW
domainWithoutWWWRFC encodeURLComponent encodeURLFormComponent extractURLParameter extractURLParameterNames
extractURLParameters firstSignificantSubdomain firstSignificantSubdomainCustom firstSignificantSubdomainCustomRFC
firstSignificantSubdomainRFC fragment netloc path pathFull port portRFC protocol queryString queryStringAndFragment
topLevelDomain topLevelDomainRFC URLHierarchy URLPathHierarchy""",
        "uuid": """
dateTime64ToSnowflakeID dateTimeToSnowflakeID dateTimeToUUIDv7 generateSnowflakeID generateUUIDv4 generateUUIDv7
snowflakeIDToDateTime snowflakeIDToDateTime64 toUUIDOrDefault toUUIDOrNull UUIDNumToString UUIDStringToNum
UUIDToNum UUIDv7ToDateTime""",
        "aliases": """
array_remove array_to_string arrayAUC arrayPRAUC byteSlice CARDINALITY caseWithExpr caseWithoutExpr
caseWithoutExpression ceiling CHAR_LENGTH CHARACTER_LENGTH concat_ws curdate current_database current_date
current_timestamp DATABASE date_bin DATE_DIFF date_diff DATE_FORMAT DATE_TRUNC DAY DAYOFMONTH DAYOFWEEK DAYOFYEAR
distanceCosine distanceL1 distanceL2 distanceL2Squared distanceLinf distanceLp extractAllGroups flatten
FORMAT_BYTES FROM_BASE64 FROM_DAYS FROM_UNIXTIME from_utc_timestamp hasAllToken hasAnyToken HOUR INET6_ATON
INET6_NTOA INET_ATON INET_NTOA instr isASCII JSON_ARRAY_LENGTH jsonMergePatch LAST_DAY lcase
ln localtimestamp lpad ltrim MAP_FROM_ARRAYS mapContains mapFromString matchPhrase
MICROSECOND mid MILLISECOND minSampleSizeContinous MINUTE mismatches mod modOrNull MONTH NANOSECOND
NATURAL_SORT_KEY normalizeL1 normalizeL2 normalizeLinf normalizeLp normL1 normL2 normL2Squared normLinf normLp
OCTET_LENGTH pmod pmodOrNull positive_modulo positive_modulo_or_null power QUARTER rand32 readWkb readWkt
REGEXP_EXTRACT regexp_instr REGEXP_MATCHES REGEXP_REPLACE REGEXP_SUBSTR regexpInstr removeAccentsUTF8 replace rpad
rtrim scalarProduct SCHEMA SECOND splitByAlpha sqid ST_LineFromWKB ST_MLineFromWKB ST_MPointFromWKB ST_MPolyFromWKB
ST_PointFromWKB ST_PolyFromWKB str_to_date str_to_map substr SUBSTRING_INDEX SVG time_bucket TIMESTAMP_DIFF
timestamp_diff timestampDiff timeZone timeZoneOf timeZoneOffset TO_BASE64 TO_DAYS TO_UNIXTIME to_utc_timestamp
toStartOfFiveMinute toTimeZone trim truncate ucase unnest UTC_timestamp vectorDifference vectorSum
visitParamExtractBool visitParamExtractFloat visitParamExtractInt visitParamExtractRaw visitParamExtractString
visitParamExtractUInt visitParamHas week width_bucket WKB WKT yandexConsistentHash YEAR yearweek""",
        "read by the parser alone": "lambda exists untuple grouping",
    }.values()
    for name in names.split()
)

AGGREGATES = _words(
    """
analysisOfVariance anova any any_respect_nulls any_value any_value_respect_nulls anyHeavy anyLast
anyLast_respect_nulls anyLastRespectNulls anyRespectNulls anyValueRespectNulls approx_top_count approx_top_k
approx_top_sum argAndMax argAndMin argMax argMin array_agg array_concat_agg avg avgWeighted BIT_AND BIT_OR BIT_XOR
boundingRatio categoricalInformationValue contingency corr corrMatrix corrStable count COVAR_POP COVAR_SAMP
covarPop covarPopMatrix covarPopStable covarSamp covarSampMatrix covarSampStable cramersV cramersVBiasCorrected
cume_dist deltaSum deltaSumTimestamp dense_rank denseRank distinctDynamicTypes distinctJSONPaths
distinctJSONPathsAndTypes entropy exponentialMovingAverage exponentialTimeDecayedAvg exponentialTimeDecayedCount
exponentialTimeDecayedMax exponentialTimeDecayedSum first_value first_value_respect_nulls firstValueRespectNulls
gini group_concat groupArray groupArrayInsertAt groupArrayIntersect groupArrayLast groupArrayMovingAvg
groupArrayMovingSum groupArraySample groupArraySorted groupBitAnd groupBitmap groupBitmapAnd groupBitmapOr
groupBitmapXor groupBitOr groupBitXor groupConcat groupUniqArray histogram intervalLengthSum kolmogorovSmirnovTest
kurtPop kurtSamp lag lagInFrame largestTriangleThreeBuckets last_value last_value_respect_nulls
lastValueRespectNulls lead leadInFrame lttb mannWhitneyUTest max max_by maxIntersections maxIntersectionsPosition
maxMappedArrays meanZTest median medianBFloat16 medianBFloat16Weighted medianDD medianDeterministic medianExact
medianExactHigh medianExactLow medianExactWeighted medianExactWeightedInterpolated medianGK
medianInterpolatedWeighted medianTDigest medianTDigestWeighted medianTiming medianTimingWeighted min min_by
minMappedArrays nonNegativeDerivative nth_value ntile percent_rank percentRank quantile quantileBFloat16
quantileBFloat16Weighted quantileDD quantileDeterministic quantileExact quantileExactExclusive quantileExactHigh
quantileExactInclusive quantileExactLow quantileExactWeighted quantileExactWeightedInterpolated quantileGK
quantileInterpolatedWeighted quantilePrometheusHistogram quantiles quantilesBFloat16 quantilesBFloat16Weighted
quantilesDD quantilesDeterministic quantilesExact quantilesExactExclusive quantilesExactHigh
quantilesExactInclusive quantilesExactLow quantilesExactWeighted quantilesExactWeightedInterpolated quantilesGK
quantilesInterpolatedWeighted quantilesPrometheusHistogram quantilesTDigest quantilesTDigestWeighted
quantilesTiming quantilesTimingWeighted quantileTDigest quantileTDigestWeighted quantileTiming
quantileTimingWeighted rank rankCorr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
regr_sxy regr_syy retention row_number sequenceCount sequenceMatch sequenceMatchEvents sequenceNextNode
simpleLinearRegression singleValueOrNull skewPop skewSamp sparkbar sparkBar STD STDDEV STDDEV_POP STDDEV_SAMP
stddevPop stddevPopStable stddevSamp stddevSampStable string_agg studentTTest studentTTestOneSample sum sumCount
sumKahan sumMapFiltered sumMapFilteredWithOverflow sumMappedArrays sumMapWithOverflow sumWithOverflow theilsU
timeSeriesAvgToGrid timeSeriesBottomKMasks timeSeriesChangesToGrid timeSeriesCountToGrid timeSeriesDeltaToGrid
timeSeriesDerivToGrid timeSeriesGroupArray timeSeriesIncreaseToGrid timeSeriesInstantDeltaToGrid
timeSeriesInstantRateToGrid timeSeriesLastToGrid timeSeriesLastTwoSamples timeSeriesLimitKMasks timeSeriesMaxToGrid
timeSeriesMinToGrid timeSeriesPredictLinearToGrid timeSeriesRateToGrid timeSeriesResampleToGridWithStaleness
timeSeriesResetsToGrid timeSeriesSumToGrid timeSeriesTimestampOfMaxToGrid timeSeriesTimestampOfMinToGrid
timeSeriesTopKMasks topK topKWeighted uniq uniqCombined uniqCombined64 uniqExact uniqHLL12 uniqUpTo VAR_POP
VAR_SAMP varPop varPopStable varSamp varSampStable welchTTest windowFunnel""".lower()
)


@dataclass(frozen=True)
class Rules:
    """One reader's allow list; the defaults are a reader of the seven tables and their rollups."""

    database: str = "chimera_metrics"
    tables: frozenset[str] = TABLES
    # Tables that the database has beside those: no CTE or alias may borrow their names, so that no reading of the
    # engine's scope rules, ours or a newer engine's, decides whether one of them is read.
    hidden: frozenset[str] = frozenset({"audit_log", "insert_ledger", "retention_rules"})
    system_tables: Mapping[str, frozenset[str] | None] = field(default_factory=lambda: SYSTEM_TABLES)
    functions: frozenset[str] = FUNCTIONS
    aggregates: frozenset[str] = AGGREGATES
    table_functions: frozenset[str] = TABLE_FUNCTIONS
    settings: frozenset[str] = SETTINGS
    max_bytes: int = 60_000
