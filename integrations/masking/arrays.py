"""Which texts of an Arrow array may hold what is masked: one pass of RE2 for all patterns.

This module needs pyarrow; import it only where many texts are at hand.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import pyarrow.compute as pc

from chimera_metrics.integrations.masking.hidden import ANY_SIGN
from chimera_metrics.integrations.masking.masks import MaskRule, Pattern
from chimera_metrics.integrations.masking.patterns import PATTERNS

Array = Any  # pyarrow ships no types


def may_need_mask(texts: Array, rules: Collection[MaskRule], escapes: bool) -> Array:
    """The mask of the texts that a pattern of these rules may match.

    escapes: whether the texts are JSON, which may spell any letter as an escape, behind which anything may hide.
    """
    return pc.fill_null(pc.match_substring_regex(texts, _expression(tuple(rules), escapes)), False)


@lru_cache
def _expression(rules: tuple[MaskRule, ...], escapes: bool) -> str:
    likely = [_far(pattern) for pattern in PATTERNS if pattern.rule in rules]
    likely += [r"\\", ANY_SIGN] if escapes else [ANY_SIGN]
    return f"(?i){'|'.join(dict.fromkeys(likely))}"


def _far(pattern: Pattern) -> str:
    if pattern.far is not None:
        return pattern.far
    return f"(?:{'|'.join(map(_literal, pattern.hints))}){pattern.near}"


def _literal(text: str) -> str:
    return re.sub(r"([!-/:-@\[-^`{-~])", r"\\\1", text)
