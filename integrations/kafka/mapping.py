"""From a message to a row: which field fills which column, from a TOML file, or the fields as they are named."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.kafka.messages import Message, Poison, Poisoned, made_at
from chimera_metrics.integrations.small_files import small_text
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.integrations.validation.values import show

_KEYS = frozenset({"path", "value", "default"})
#: What stands beside a message's value.
ABOUT: Mapping[str, Callable[[Message], Any]] = {
    "@topic": lambda message: message.topic(),
    "@partition": lambda message: message.partition(),
    "@offset": lambda message: message.offset(),
    "@key": lambda message: None if (key := message.key()) is None else key.decode("utf-8", "replace"),
    "@timestamp": made_at,
}


@dataclass(frozen=True, slots=True)
class Filled:
    """How one column is filled: by the field at `path`, and where that is missing or null by `default`."""

    column: str
    path: tuple[str, ...]
    default: Any = None

    def of(self, message: Message, body: dict[str, Any]) -> Any:
        if not self.path:
            return self.default
        about = ABOUT.get(self.path[0])
        found = about(message) if about is not None else _at(body, self.path)
        return self.default if found is None else found


class RowMapping:
    """Makes rows of messages. Without a file each field of the message is the column of its name."""

    def __init__(self, table: str, file: Path | None = None) -> None:
        rules = rules_of(table)
        self._columns = _read(table, file) if file is not None else None
        self._time = rules.time.name
        # A message without a time is of the time that Kafka has for it: the same at every reading.
        self._timed = self._columns is None or all(one.column != self._time for one in self._columns)
        self._words = {rule.name for rule in rules.rules if rule.kind in _TEXTS}

    def row(self, message: Message) -> dict[str, Any]:
        """The row of a message. Raises Poisoned for one that is no JSON object."""
        return self._filled(message, _body(message))

    def rows(self, messages: Sequence[Message]) -> tuple[list[dict[str, Any]], list[Message], list[Poison]]:
        """The rows of messages, the messages that they are of, and those that no row can be made of."""
        rows: list[dict[str, Any]] = []
        sources: list[Message] = []
        poison: list[Poison] = []
        for start in range(0, len(messages), _AT_ONCE):
            some = messages[start : start + _AT_ONCE]
            bodies = _bodies(some)
            if bodies is not None:
                rows += map(self._filled, some, bodies)
                sources += some
                continue
            for message in some:
                try:
                    rows.append(self.row(message))
                    sources.append(message)
                except Poisoned as fault:
                    poison.append(Poison(message, f"{str(fault).capitalize()}."))
        return rows, sources, poison

    def _filled(self, message: Message, body: dict[str, Any]) -> dict[str, Any]:
        if self._columns is None:
            row = body
        else:
            row = {one.column: one.of(message, body) for one in self._columns}
            for name in self._words & row.keys():
                if isinstance(row[name], dict | list):
                    row[name] = orjson.dumps(row[name]).decode()
        if self._timed and row.get(self._time) is None and (made := made_at(message)) is not None:
            row[self._time] = made
        return row


_TEXTS = frozenset({"text", "json"})
# So few that poison slows few others down.
_AT_ONCE = 100


def _bodies(messages: Sequence[Message]) -> list[dict[str, Any]] | None:
    """The objects that messages are, None where one is not."""
    loads = orjson.loads
    try:
        bodies = [loads(message.value() or b"") for message in messages]
    except orjson.JSONDecodeError:
        return None
    return bodies if set(map(type, bodies)) == {dict} else None


def _body(message: Message) -> dict[str, Any]:
    if not (value := message.value()):
        raise Poisoned("the message is empty")
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Poisoned(f"it is not JSON ({error})") from None
    if not isinstance(body, dict):
        raise Poisoned(f"it is JSON, but not an object: {show(body)}")
    return body


def _at(body: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if isinstance(body, dict):
            body = body.get(step)
        elif isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body


def _read(table: str, file: Path) -> list[Filled]:
    try:
        given = tomllib.loads(small_text(file))
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is not TOML: {error}.") from None
    rules = rules_of(table)
    for name in given:
        if name not in rules.names:
            raise InvalidInput(f"{file}: {rules.unknown(name)}")
    filled = [_filled(file, column, how) for column, how in given.items()]
    if not filled:
        raise InvalidInput(f'{file} maps nothing; write a line such as ts = "event.time" for each column of {table}.')
    named = {one.column for one in filled}
    lacking = [rule.name for rule in rules.rules if rule.required and rule.name not in named]
    if lacking:
        raise InvalidInput(f"{file} says nothing of {lacking[0]}, without which {table} takes no row.")
    return filled


def _filled(file: Path, column: str, how: Any) -> Filled:
    if isinstance(how, str) and how:
        return Filled(column, tuple(how.split(".")))
    if isinstance(how, dict) and set(how) == {"value"}:
        return Filled(column, (), how["value"])
    if isinstance(how, dict) and "path" in how and set(how) <= _KEYS - {"value"} and _is_path(how["path"]):
        path = how["path"]
        return Filled(column, tuple(path.split(".") if isinstance(path, str) else path), how.get("default"))
    raise InvalidInput(
        f'{file}: {column} takes the path of a field such as "timing.total_ms", or {{ path = …, default = … }}, '
        "or { value = … } for the same in every row."
    )


def _is_path(path: Any) -> bool:
    steps = [path] if isinstance(path, str) else path
    return isinstance(steps, list) and bool(steps) and all(isinstance(step, str) and step for step in steps)
