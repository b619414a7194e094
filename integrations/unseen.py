"""Characters that people do not see and models read: shown as `\\u{…}`, so that stored text hides nothing."""

from __future__ import annotations

import re

# What Unicode calls default-ignorable (tags, turns of writing direction, fillers, joiners, selectors of variants),
# controls but for tab and line ends, separators of lines, and the marks around annotations.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_PICTOGRAPH = re.compile(
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]"
)
# Scripts whose letters change their form by a joiner between them: Arabic and those of India and around it.
_JOINING = re.compile("[\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff]")
_EMOJI_FORM, _TEXT_FORM, _JOINER, _NON_JOINER, _KEYCAP = "\ufe0f", "\ufe0e", "\u200d", "\u200c", "\u20e3"


def seen(text: str) -> str:
    """`text` with what is invisible in it written out; emoji and joined letters stay as they are."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_written, text)


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
