"""Lines as messages of JSON-RPC 2.0: what each of them is, or the error that it is answered with."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic_core import from_json

from chimera_metrics.server.catalog.protocol import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, ProtocolError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Id = int | float | str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A message that is answered."""

    id: Id
    method: str
    params: dict[str, Any]

    @property
    def meta(self) -> dict[str, Any]:
        """Its `_meta`, empty where that is no object."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that is not answered."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invalid:
    """Anything else: all that is known of it is the error to answer, and the id where it has a legal one."""

    id: Id
    error: ProtocolError


#: None is a message that asks for nothing: a blank line, or an answer to a question that this server never asks.
Message = Request | Notification | Invalid | None


def parse(line: bytes) -> Message | list[Message]:
    """What a line says; a list is a batch.

    What is no Unicode becomes the sign for that: bytes that are no UTF-8, and half an emoji, as programs write that cut
    texts at so many characters. An id that is none could not come back as it is, so such a line is no JSON.
    """
    line = line.removeprefix(_BYTE_ORDER_MARK).strip()
    if not line:
        return None
    try:
        said = _read(line)
    except (ValueError, RecursionError):
        return _unread(line)
    if not isinstance(said, list):
        return _message(said)
    if not said:
        return Invalid(None, ProtocolError(INVALID_REQUEST, "Invalid request: the batch is empty"))
    return [_message(one) for one in said]


def _read(line: bytes) -> Any:
    try:
        return from_json(line)
    except ValueError:
        if not _are_ids_unicode(json.loads(line.decode(errors="surrogateescape"))):
            raise
        text = json.dumps(json.loads(line.decode(errors="replace")), ensure_ascii=False)
        return from_json(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _unread(line: bytes) -> Invalid:
    """A line that is no JSON, or is nested deeper than is read, whose id is looked for all the same: a client waits."""
    try:
        said = json.loads(line.decode(errors="surrogateescape"))
    except ValueError:
        return Invalid(None, ProtocolError(PARSE_ERROR, "Parse error: the line is not JSON"))
    except RecursionError:
        return Invalid(None, ProtocolError(PARSE_ERROR, "Parse error: the line is nested too deeply"))
    if not _are_ids_unicode(said):
        return Invalid(None, ProtocolError(PARSE_ERROR, "Parse error: an id is not Unicode"))
    id_ = said.get("id") if isinstance(said, dict) else None
    return _invalid(id_ if _is_legal(id_) else None, "it is nested too deeply")


def _are_ids_unicode(said: Any) -> bool:
    """Whether no id of a message, or of a batch, holds half of a surrogate pair, as bytes that are no UTF-8 become."""
    ids = [one.get("id") for one in (said if isinstance(said, list) else [said]) if isinstance(one, dict)]
    return not any("\ud800" <= sign <= "\udfff" for id_ in ids if isinstance(id_, str) for sign in id_)


def _message(said: Any) -> Message:
    if not isinstance(said, dict):
        return _invalid(None, "a message is an object")
    id_ = said.get("id")
    legal = _is_legal(id_)
    if "method" not in said:
        is_answer = "id" in said and ("result" in said or "error" in said)
        return None if is_answer else _invalid(id_ if legal else None, "it has no method")
    if "id" in said and not legal:
        return _invalid(id_ if isinstance(id_, float) else None, "an id is a string or an integer")
    if said.get("jsonrpc") != "2.0":
        return _invalid(id_, 'jsonrpc is not "2.0"')
    method, params = said["method"], said.get("params")
    if not isinstance(method, str):
        return _invalid(id_, "method is not a string")
    if params is not None and not isinstance(params, dict):
        if "id" not in said and isinstance(params, list):
            return None
        return Invalid(id_, ProtocolError(INVALID_PARAMS, "Invalid request parameters: params is not an object"))
    return Request(id_, method, params or {}) if "id" in said else Notification(method, params or {})


def _is_legal(id_: Any) -> bool:
    """JSON has one kind of number: 1.0 is an integer, 1.5 is not."""
    if isinstance(id_, float):
        return math.isfinite(id_) and id_.is_integer()
    return isinstance(id_, str) or (isinstance(id_, int) and not isinstance(id_, bool))


def _invalid(id_: Id, why: str) -> Invalid:
    return Invalid(id_, ProtocolError(INVALID_REQUEST, f"Invalid request: {why}"))


def same(id_: Any) -> str:
    """What two ids have in common that name one request: a client may cancel "7" where it asked 7."""
    return str(int(id_)) if isinstance(id_, float) and _is_legal(id_) else str(id_)


def answer(id_: Id, result: dict[str, Any]) -> bytes:
    return _written({"jsonrpc": "2.0", "id": _id(id_), "result": result})


def failure(id_: Id, error: ProtocolError) -> bytes:
    return _written({"jsonrpc": "2.0", "id": _id(id_), "error": error.body()})


def notification(method: str, params: dict[str, Any]) -> bytes:
    return _written({"jsonrpc": "2.0", "method": method, "params": params})


def _id(id_: Id) -> Any:
    """An id may have more digits than the writer of JSON takes."""
    return orjson.Fragment(json.dumps(id_)) if isinstance(id_, int) else id_


def _written(message: dict[str, Any]) -> bytes:
    return orjson.dumps(message)
