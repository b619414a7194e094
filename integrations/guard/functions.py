"""Which functions a reader may call, and which of them take a function, a type or a table by its name.

The names stand in `functions.txt` and `aggregates.txt`, reviewed by category from `system.functions` of ClickHouse
26.9. Left out, and so refused: what reads files, dictionaries, other tables by name or the network; what tells about
the host, the server's settings or other users; what sleeps, raises, traces or keeps state; what parses SQL or asks a
language model; what takes keys or models; the `…IgnoreSet` family, whose right side would be a table that nobody
checks. A function that a newer engine brings is refused until somebody has reviewed it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@cache
def function_names() -> frozenset[str]:
    """The listed functions in lower case, aggregates left out."""
    return frozenset(name.lower() for name in _names("functions.txt"))


@cache
def aggregate_names() -> frozenset[str]:
    """The listed aggregate and window functions in lower case, without combinators."""
    return frozenset(name.lower() for name in _names("aggregates.txt"))


def spellings() -> frozenset[str]:
    """All of them as the engine spells them, to most of which case counts."""
    return _names("functions.txt") | _names("aggregates.txt")


def _names(file: str) -> frozenset[str]:
    lines = Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines()
    return words(" ".join(line for line in lines if not line.startswith("#")))


# Combinators extend an aggregate's name: sumIf, quantileTDigestArrayIf. The base name is what is looked up.
COMBINATORS = (
    *("SimpleState", "OrDefault", "Distinct", "Resample", "ForEach", "ArgMax", "ArgMin", "OrNull"),
    *("Tuple", "Merge", "State", "Array", "Null", "Map", "If"),
)

# The right side of these may be the bare name of a table, a CTE or a constant.
IN_FUNCTIONS = words("in notin globalin globalnotin nullin notnullin globalnullin globalnotnullin")

# These take a function, and since 26.x the bare name of one: arrayMap(file, …) reads files.
HIGHER_ORDER = words("""
arrayall arrayavg arraybottomk arraycompact arraycount arraycumsum arraycumsumnonnegative arraydifference arrayexists
arrayfill arrayfilter arrayfirst arrayfirstindex arrayfirstornull arrayfold arraylast arraylastindex arraylastornull
arraymap arraymax arraymin arraypartialreversesort arraypartialsort arrayproduct arrayreversefill arrayreversesort
arrayreversesplit arraysort arraysplit arraysum arraytopk mapall mapapply mapexists mapfilter mappartialreversesort
mappartialsort mapreversesort mapsort""")

# An argument that names a type or an aggregate function as text has to be a literal, or nobody can check it.
TYPE_LAST = words("""
cast accuratecast accuratecastornull reinterpret jsonextract jsonextractcaseinsensitive jsonextractkeysandvalues
jsonextractkeysandvaluescaseinsensitive""")
TYPE_SECOND = words("accuratecastordefault")
AGGREGATE_FIRST = words("arrayreduce arrayreduceinranges")

# Why a function is not on the list, where the name alone does not tell the reader.
WHY_LEFT_OUT: Mapping[str, str] = {
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
