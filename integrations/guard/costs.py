"""What a function takes and gives: time by the bytes of its arguments, and how large its value can become.

The engine looks at a time limit between blocks of rows only, never within a function. So what one block can take is
counted before a statement runs. The figures are upper ones; `python -m bench.bounds` tries every function against them.
"""

from chimera_metrics.integrations.guard.functions import words

NS_PER_BYTE = 2.0
_NS_PER_UTF8_BYTE = 15.0
# Nanoseconds for a byte of the arguments, where that is more.
SLOW: dict[str, float] = {
    **dict.fromkeys(
        words("""
        arraysort arrayreversesort arraypartialsort arraypartialreversesort arrayshuffle arraypartialshuffle
        arrayrandomsample arrayauc arrayrocauc arrayaucpr arrayprauc arraynormalizedgini arraytopk arraybottomk
        arraytranspose mapsort mapreversesort mappartialsort mappartialreversesort arrayzipunaligned arrayshingles
        arraydotproduct dotproduct tostring"""),
        7.0,
    ),
    **dict.fromkeys(
        words("""
        arrayuniq arraydistinct arrayunion arrayintersect arraysymmetricdifference arrayexcept arrayjaccardindex
        arrayenumeratedense arrayenumeratedenseranked arrayenumerateuniq arrayenumerateuniqranked bitmapbuild
        mapadd mapsubtract mapconcat mapupdate summappedarrays"""),
        50.0,
    ),
    **dict.fromkeys(
        words("""
        ripemd160 sha1 sha224 sha256 sha384 sha512 sha512_256 md4 md5 halfmd5 keccak256
        normalizeutf8nfc normalizeutf8nfd normalizeutf8nfkc normalizeutf8nfkd normalizeutf8nfkccasefold casefoldutf8
        removediacriticsutf8 removeaccentsutf8 initcaputf8 lowerutf8 upperutf8 naturalsortkey natural_sort_key
        extractkeyvaluepairs extractkeyvaluepairswithescaping str_to_map mapfromstring tojsonstring
        formatdatetime date_format formatdatetimeinjodasyntax json_value json_query json_exists jsonmergepatch
        jsonallvalues readwkt readwkb wkt svg bitmaptransform
        regexpextract regexp_extract conv extracttextfromhtml decodehtmlcomponent stringbytesentropy
        financialinternalrateofreturn financialinternalrateofreturnextended proportionsztest formatreadablequantity
        randomprintableascii randomstringutf8 polygonconvexhullcartesian areaspherical perimeterspherical"""),
        60.0,
    ),
    **dict.fromkeys(words("sqidencode sqiddecode"), 100.0),
    # A step of arrayFold is a pass through the engine's columns.
    "arrayfold": 1000.0,
    "seriesdecomposestl": 2000.0,
}
_SLOW_FAMILIES = {
    ("ngramminhash", "ngramsimhash", "wordshingle", "ngramdistance", "ngramsearch", "sparsegrams"): 400.0,
    ("jsonextract", "simplejson", "visitparam", "json", "parsedatetime"): 60.0,
    ("geoto", "h3", "mgrs", "utm", "geohash"): 60.0,
}

# Nanoseconds for each pair of a byte (or an element) of one argument and one of another.
PAIRS: dict[str, float] = {
    **dict.fromkeys(words("hasall hasany hassubstr"), 1.0),
    "arraysimilarity": 10.0,
    "arrayautocorrelation": 2.0,
    **dict.fromkeys(words("jarosimilarity jarowinklersimilarity prettyprintjson"), 2.0),
    "cuturlparameter": 0.02,
    **dict.fromkeys(words("base58encode base58decode trybase58decode"), 0.5),
}
_PAIR_FAMILIES = {
    ("polygon", "geometryintersect", "areacartesian", "pointinpolygon"): 10.0,
    ("multisearch", "position", "locate", "instr", "countsubstrings", "splitbystring", "replaceall", "replaceone"): 0.1,
    ("replace",): 0.1,
}
# Letters of any case in UTF-8 are compared one by one.
_ANY_CASE_UTF8 = 20.0
_NS_PER_LIKE_PAIR = 0.05

# The place of the pattern, which is a constant of at most so many bytes.
MOST_PATTERN = 1_000
PATTERNS: dict[str, int] = {
    **dict.fromkeys(
        words("""
        match notmatch matchcaseinsensitive notmatchcaseinsensitive countmatches countmatchescaseinsensitive extract
        extractall extractallgroups extractallgroupshorizontal extractallgroupsvertical extractgroups regexpextract
        regexp_extract regexp_matches regexp_substr regexp_instr regexpinstr regexpposition regexp_replace
        replaceregexpall replaceregexpone multimatchany multimatchanyindex multimatchallindices"""),
        1,
    ),
    "splitbyregexp": 0,
    **dict.fromkeys(words("multifuzzymatchany multifuzzymatchanyindex multifuzzymatchallindices"), 2),
}
NS_PER_PATTERN_PAIR = 0.5
LIKE = words(
    "like ilike notlike notilike mapcontainskeylike mapcontainsvaluelike mapextractkeylike mapextractvaluelike"
)
# A LIKE pattern that differs from row to row is compiled for each, in any case byte by byte.
NS_PER_COMPILED_PATTERN = 20_000.0
NS_PER_COMPILED_BYTE = {"like": 15.0, "ilike": 250.0}
# Of many texts to look for, each is made ready before any is looked for.
SEARCHES_FOR_MANY = "multisearch"
NS_PER_NEEDLE = 40_000.0


def ns_per_byte(name: str) -> float:
    found = SLOW.get(name)
    if found is None:
        usual = _NS_PER_UTF8_BYTE if name.endswith("utf8") else NS_PER_BYTE
        found = next((rate for family, rate in _SLOW_FAMILIES.items() if name.startswith(family)), usual)
    return found


def ns_per_pair(name: str) -> float:
    if name.endswith("caseinsensitiveutf8"):
        return _ANY_CASE_UTF8
    if name in LIKE:
        return _NS_PER_LIKE_PAIR
    found = PAIRS.get(name)
    if found is None:
        found = next((rate for family, rate in _PAIR_FAMILIES.items() if name.startswith(family)), 0.0)
    return found


def over_array(aggregate: str | None) -> tuple[float, float]:
    """Nanoseconds for a byte of an array that an aggregate runs over, and for each element of each range."""
    low = (aggregate or "").lower()
    return next((rates for family, rates in _SLOW_OVER_ARRAYS.items() if low.startswith(family)), _OVER_ARRAYS)


# What only looks at its argument, or takes a part of it, without going through it.
FREE = words("""
length empty notempty tuple tupleelement arrayelement arrayelementornull cardinality identity tonullable assumenotnull
materialize totypename isconstant ignore indexhint currentdatabase grouping""")

# One number, date or word, whatever the arguments are.
NUMBER_FAMILIES = (
    *("toint", "touint", "tofloat", "todate", "todecimal", "tostartof", "tointerval", "tounix", "torelative"),
    *("toyear", "tomonth", "today", "tohour", "tominute", "tosecond", "toweek", "toquarter", "toyyyy", "toiso"),
    *("date", "position", "count", "multisearch", "multimatch", "arraycount", "arrayexists", "arrayall"),
    *("has", "is", "match", "notmatch", "json_exists", "jsonhas", "jsonlength", "jsonextractint", "jsonextractuint"),
    *("jsonextractbool", "jsonextractfloat", "cityhash", "siphash", "xxh", "murmur", "metrohash", "farm", "inthash"),
    *("crc", "formatreadable", "parsedatetime", "age", "visitparamhas", "simplejsonhas", "polygonarea"),
    *("polygonperimeter", "polygonsdistance", "polygonswithin", "polygonsequals", "area", "perimeter"),
)
NUMBERS = words("""
equals notequals less greater lessorequals greaterorequals in notin nullin notnullin globalin globalnotin like ilike
notlike notilike not or and xor length lengthutf8 char_length character_length octet_length empty notempty bytesize
indexof arraysum arrayavg arrayproduct arrayuniq arrayjaccardindex now now64 rand rand32 rand64 bitcount ascii
stringbytesuniq stringbytesentropy jarosimilarity jarowinklersimilarity arraysimilarity arrayfirstindex
arraylastindex year month day hour minute second quarter dayofweek dayofmonth dayofyear cardinality locate instr
ngramdistance ngramsearch dotproduct scalarproduct l1norm l2norm arraydotproduct touuid""")

# Nanoseconds for each value, however short it is.
PER_VALUE: dict[str, float] = {
    "isprime": 50_000.0,
    "isprobableprime": 20_000_000.0,
    "kostikconsistenthash": 20_000.0,
    "yandexconsistenthash": 20_000.0,
}

# Aggregates whose value grows with the rows that they see, and those that work on all of them at the end.
GATHERING = (
    *("grouparray", "groupuniqarray", "array_agg", "groupconcat", "string_agg", "group_concat", "array_concat_agg"),
    *("groupbitmap", "summap", "minmap", "maxmap", "timeseries", "largesttriangle", "lttb", "distinctjson"),
)
SORTING = (
    *("mannwhitney", "kolmogorov", "rankcorr", "windowfunnel", "sequence"),
    *("maxintersections", "intervallengthsum", "largesttriangle", "lttb", "gini", "boundingratio"),
)

# Compares the rows by pairs at the end, unless its second parameter says otherwise. Without one it does so with up to
# 10,000 rows of either sample, which takes a third of a second for each group.
PAIRWISE = "kolmogorovsmirnovtest"
ASYMPTOTIC = words("asymp asymptotic")
MOST_PAIRWISE = 2

# These sort all rows at the end, where 96 MB of them take most of a second.
SLOWLY_SORTING = ("mannwhitney", "rankcorr")

# Aggregates that take long over an array, by the beginnings of their names: nanoseconds for a byte of it, and for each
# element of each range of it.
_SLOW_OVER_ARRAYS = {
    ("groupbitmap", "summap", "minmap", "maxmap"): (100.0, 4_000.0),
    (
        *("histogram", "entropy", "topk", "approx", "uniq", "groupuniq", "gini", "boundingratio", "windowfunnel"),
        *("mannwhitney", "rankcorr", "cramersv", "theilsu", "contingency", "maxintersections", "intervallength"),
    ): (25.0, 300.0),
}
_OVER_ARRAYS = (NS_PER_BYTE, 30.0)

EXACT = ("quantileexact", "quantilesexact", "medianexact")

# Aggregates that take each pair of their arguments, for each row.
MATRICES = ("corrmatrix", "covarpopmatrix", "covarsampmatrix")
NS_PER_MATRIX_PAIR = 4.0

# Paths into JSON: a step over all elements looks for each of them from the first one on, and a range is gone through
# whether there are so many elements or not.
JSON_PATHS = words("json_query json_value json_exists")
NS_PER_STAR_PAIR = 0.08
MOST_PATH_STEPS = 10_000.0

# Functions that the engine calls for each row, even where all their arguments are constants.
NOT_FOLDED = words("""
sqidencode sqiddecode extractkeyvaluepairs extractkeyvaluepairswithescaping leftpad rightpad leftpadutf8 rightpadutf8
lpad rpad space concatwithseparator concat_ws hassubsequence hassubsequenceutf8 hassubsequencecaseinsensitive
hassubsequencecaseinsensitiveutf8 arrayrandomsample arrayshuffle arraypartialshuffle arrayshiftleft arrayshiftright
arrayrotateleft arrayrotateright arrayexcept arrayenumeratedenseranked arrayenumerateuniqranked arrayrocauc arrayauc
arrayaucpr arrayprauc financialnetpresentvalue financialnetpresentvalueextended financialinternalrateofreturn
financialinternalrateofreturnextended timeseriesrange timeseriesfromgrid""")

# Functions that give another value each time: what they make is not known before the rows are there.
VOLATILE = ("rand", "generate", "materialize", "now", "rownumber", "blocknumber")
