"""Cards and accounts of every country, written in every usual way, are found in few texts and in many alike."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from chimera_metrics.integrations.masking.arrays import may_need_mask
from chimera_metrics.integrations.masking.columns import mask_json, mask_text
from chimera_metrics.integrations.masking.numbers import NUMBERS
from chimera_metrics.integrations.masking.searching import ALL, Haystack

# The examples of the registry of IBANs.
IBANS = (Path(__file__).parent / "accounts.txt").read_text(encoding="utf-8").split()
CARDS = [
    "4111111111111111",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "30569309025904",
]

_DIGIT_PROBES = [probe for pattern in NUMBERS if pattern.rule in ("card", "iban") for probe in pattern.probes()]


def grouped(number: str, sizes: tuple[int, ...], separator: str) -> str:
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return separator.join(number[start : start + size] for start, size in zip(starts, sizes, strict=True))


def forms(number: str) -> list[str]:
    if number[0].isalpha():
        return [
            number,
            number.lower(),
            f"{number[:4]} {number[4:8]} {number[8:]}",
            *(grouped(number, (4,) * 9, mark).rstrip(mark) for mark in " \u00a0"),
        ]
    sizes = {16: (4, 4, 4, 4), 15: (4, 6, 5)}.get(len(number))
    return [number, *(grouped(number, sizes, mark) for mark in " -.\u00a0" if sizes)] if sizes else [number]


@pytest.mark.parametrize("number", [*IBANS, *CARDS])
def test_a_number_is_found_in_few_texts_and_in_many(number: str) -> None:
    texts = [
        f"{ahead}{form}{behind}"
        for form in forms(number)
        for ahead in ("", "to: ", "é=", "'")
        for behind in ("", " é", ",")
    ]
    mark = "[iban]" if number[0].isalpha() else "[card]"
    assert [text for text in texts if mark not in mask_text(text)[0]] == []
    assert may_need_mask(pa.array(texts), ALL, escapes=False).to_pylist() == [True] * len(texts)


def test_fractions_and_times_of_a_batch_are_not_read_one_by_one() -> None:
    plain = ['{"ms": 736.482193746512, "at": 1764176400000, "ns": 1764176400000000000}'] * 10
    assert may_need_mask(pa.array(plain), ALL, escapes=True).to_pylist() == [False] * 10
    assert not Haystack(plain).rows(_DIGIT_PROBES)


def test_a_card_in_a_list_of_numbers_is_found() -> None:
    text = '{"n": [1,4111111111111111]}'
    assert mask_json(text)[0] == '{"n": [1,"[card]"]}'
    assert may_need_mask(pa.array([text]), ALL, escapes=True).to_pylist() == [True]
