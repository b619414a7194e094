"""The rows of JSONL and CSV files, as programs and spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import orjson

from chimera_metrics.integrations.backfill.bounded_lines import MOST_NAMES, BoundedLines
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.rules import shown_name

_DELIMITERS = (",", ";", "\t", "|")
# A field longer than its column takes is refused with its row, and the others are stored; one far beyond that is what a
# quote without its end makes of the rest of the file.
_FIELD = 16_000_000
_MORE = "more fields than the header names"
# orjson makes a float of a whole number beyond 64 bits.
_WIDE = re.compile(r"[0-9]{19}")


def encoding_of(start: bytes) -> str:
    """UTF-8, with or without its mark, or UTF-16 where the mark of that stands at the start."""
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def delimiter_of(header: str, known: Collection[str]) -> str:
    """The delimiter that makes the most known columns of a CSV file's first line."""

    if len(header) == len("sep=,") and header.lower().startswith("sep="):
        return header[-1]  # as Excel says it, in a line of its own

    def columns(delimiter: str) -> int:
        try:
            return sum(
                column_name(name, known) in known for line in csv.reader([header], delimiter=delimiter) for name in line
            )
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=columns)


def column_name(name: str, known: Collection[str]) -> str:
    """The known column that a header means: `Tokens In`, ` tokens_in`, `tokensIn` and `Latency (ms)` are plain."""
    if name in known:
        return name
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    plain = re.sub(r"\W+", "_", words).strip("_").lower()
    return plain if plain in known else name


def check_names(path: Path, names: Iterable[str]) -> None:
    """Raises InvalidInput where a column is named twice."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InvalidInput(f"{path} names the column '{shown_name(twice[0])}' more than once; name each once.")


def check_count(path: Path, count: int) -> None:
    """Raises InvalidInput for more columns than any table has: a row of two bytes would become one of them all."""
    if count > MOST_NAMES:
        raise InvalidInput(
            f"{path} names {count:,} columns, and a file may name {MOST_NAMES:,}; leave out those that the table does "
            "not have."
        )


def jsonl_rows(path: Path, lines: BoundedLines, skip: int) -> Iterator[Mapping[str, Any]]:
    """The rows from `skip` on. Raises InvalidInput for a line that is no object."""
    seen = 0
    for number, line in enumerate(lines, 1):
        lines.row_ends()
        if not line.strip():
            continue
        seen += 1
        if seen <= skip:
            continue
        lines.weigh_json(line)
        try:
            row = orjson.loads(line)
            if _WIDE.search(line):
                row = json.loads(line, parse_constant=_no_number)
        except (orjson.JSONDecodeError, ValueError) as error:
            whole = (
                " or write one object a line, as `jq -c '.[]'` does" if number == 1 and line.lstrip()[0] in "[{" else ""
            )
            raise InvalidInput(f"{path}, line {number}, is not JSON ({error}); correct that line{whole}.") from None
        except RecursionError:
            raise InvalidInput(f"{path}, line {number}, is nested too deeply; write its values flatter.") from None
        if not isinstance(row, dict):
            raise InvalidInput(
                f"{path}, line {number}, is not an object; write one object a line, as `jq -c '.[]'` makes of a list."
            )
        yield row


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def csv_rows(
    path: Path, lines: BoundedLines, delimiter: str, known: Collection[str] = ()
) -> Iterator[Mapping[str, Any]]:
    """The rows; an empty field is null. Raises InvalidInput for names that stand twice and for endless fields.

    known: the table's columns, which a header may name in other letters. Where blanks stand around names, those around
    values are left out, too.
    """
    csv.field_size_limit(_FIELD)
    reader = csv.DictReader(lines, restkey=_MORE, delimiter=delimiter)
    line = 1
    try:
        if [name.lower() for name in reader.fieldnames or ()] in (["sep=", ""], [f"sep={delimiter}"]):
            reader = csv.DictReader(lines, restkey=_MORE, delimiter=delimiter)
        given = list(reader.fieldnames or ())
        check_count(path, len(given))
        padded = any(name != name.strip() for name in given)
        names = {name: column_name(name, known) for name in given}
        check_names(path, [names[name] for name in given])
        line = reader.line_num + 1
        for row in reader:
            lines.row_ends()
            lines.weigh_fields(len(row) + len(row.get(_MORE) or ()))
            yield {
                names.get(name, name): _value(value, padded) for name, value in row.items() if _is_given(name, value)
            }
            line = reader.line_num + 1
    except csv.Error as error:
        if "field limit" not in str(error):
            raise
        raise InvalidInput(
            f"{path}, line {line}, has a field of more than {_FIELD:,} characters; look there for a quote "
            "that is never closed."
        ) from None


def _value(value: Any, padded: bool) -> Any:
    plain = value.strip() if padded and isinstance(value, str) else value
    return plain if plain != "" else None


def _is_given(name: str, value: Any) -> bool:
    """Not what follows a delimiter at the end of a line, where nothing does."""
    return name != _MORE or any(value)
