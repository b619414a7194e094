"""Characters that people do not see and models read: shown as `\\u{…}`, so that stored text hides nothing."""

from __future__ import annotations

import re

# What Unicode calls default-ignorable (tags, turns of writing direction, fillers, joiners, selectors of variants),
# controls but for tab and line ends, separators of lines, and the marks around annotations.
_CODES = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{_CODES}]")
# A terminal obeys a carriage return too, and half of a surrogate pair cannot be printed at all.
_UNPRINTABLE = re.compile(f"[\t\n\r\ud800-\udfff{_CODES}]")
_UNPRINTABLE_IN_LINES = re.compile(f"[\r\ud800-\udfff{_CODES}]")
_PICTOGRAPH = re.compile(
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]"
)
# Scripts whose letters change their form by a joiner between them: Arabic and those of India and around it.
_JOINING = re.compile("[\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff]")
_EMOJI_FORM, _TEXT_FORM, _JOINER, _NON_JOINER, _KEYCAP = "\ufe0f", "\ufe0e", "\u200d", "\u200c", "\u20e3"
_LONGEST_PATH = 200


def seen(text: str) -> str:
    """`text` with what is invisible in it written out; emoji and joined letters stay as they are."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_written, text)


def printable(text: str, lines: bool = False) -> str:
    """`text` as a terminal, a log or a table may have it: with escapes such as \\x1b and \\u202e, and none left out.

    lines: whether it may have line ends and tabs, which forge lines where a text is meant to be one.
    """
    if text.isascii() and text.isprintable():
        return text
    return (_UNPRINTABLE_IN_LINES if lines else _UNPRINTABLE).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def shown_path(path: str) -> str:
    """A path in a sentence; one that is too long for the system is not shown in full."""
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"


def printable_json(text: str) -> str:
    """JSON in which whatever a terminal must not have stands as an escape of JSON's, so that it says the same."""
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE_IN_LINES.sub(_escaped_in_json, text)


def _escaped_in_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


def _written(found: re.Match[str]) -> str:
    text, place = found.string, found.start()
    return (
        found[0]
        if _belongs(found[0], text[max(0, place - 2) : place], text[place + 1 : place + 2])
        else (f"\\u{{{ord(found[0]):x}}}")
    )


def _belongs(character: str, before: str, after: str) -> bool:
    """Whether a selector or a joiner stands where emoji and scripts have it, which is once at a place."""
    if character in (_EMOJI_FORM, _TEXT_FORM):
        keycap = before[-1:] in {*"#*0123456789"} and after == _KEYCAP
        return _is(_PICTOGRAPH, before[-1:]) or (keycap and character == _EMOJI_FORM)
    if character == _JOINER and _is(_PICTOGRAPH, after):
        return _is(_PICTOGRAPH, before.removesuffix(_EMOJI_FORM)[-1:])
    return character in (_JOINER, _NON_JOINER) and _is(_JOINING, before[-1:]) and _is(_JOINING, after)


def _is(kind: re.Pattern[str], character: str) -> bool:
    return kind.fullmatch(character) is not None
