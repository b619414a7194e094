"""Secrets whose name stands in quotes, in an attribute or in a setting, with the value beside it."""

from __future__ import annotations

import re

from chimera_metrics.integrations.masking.credentials import unless_masked
from chimera_metrics.integrations.masking.masks import BLANK, SECRET, Gate, Late, Pattern, before
from chimera_metrics.integrations.masking.words import (
    KEY_HINTS,
    KEYS,
    NOT_SECRET,
    NUMBERED,
    TAIL,
    is_credential,
    looks_secret,
)

_Q = r"""\\?["']"""
_KEY = rf"(?P<key>{KEYS}){NUMBERED}{TAIL}{_Q}"
_NEAR = rf"""s?{NUMBERED}{TAIL}\\?["']{BLANK}*(?:[,\]]|(?::|=>){BLANK}*[\[{{])"""
_VALUE = r"""(?P<value>(?:[^"'\\\r\n]|\\(?!["'])){1,400}+)"""
_PART = re.compile(rf"""(?P<open>{_Q}){_VALUE}(?P=open)(?P<colon>\s{{0,8}}:)?""")
_VALUES = frozenset({"value", "val", "v", "content", "current", "new", "old", "plain", "#text", "_value"})
_SURE = re.compile(
    rf"""(?i)(?:{_Q}(?:name|key|field|header|param|parameter){_Q}\s{{0,3}}:\s{{0,3}}{_Q}[\w.-]{{0,40}}"""
    rf"""|\b(?:define|setenv|putenv|environ)\s{{0,3}}[(\[]\s{{0,3}}{_Q}[\w.-]{{0,40}}|["']--?[\w-]{{0,40}})$"""
)
_TAG = re.compile(
    rf"""(?i)<(?P<tag>[\w:.-]{{1,40}})(?:\s[^<>]{{0,60}})?\s(?:name|key|type|id)\s?=\s?{_Q}[\w.:-]{{0,60}}$"""
)
_SETTINGS = frozenset({"property", "entry", "prop", "param", "parameter", "env", "variable", "setting", "init-param"})


def _nested(found: re.Match[str]) -> str:
    """`"password": {"value": "x"}`, `"passwords": ["x"]`; but a list of what is wrong with one is prose."""
    in_list, held = found["value"].startswith("["), False

    def part(each: re.Match[str]) -> str:
        nonlocal held
        value = each["value"]
        if each["colon"]:
            held = value.lower() in _VALUES
            return each[0]
        own, held = held, False
        secret = own or (in_list and " " not in value and is_credential(value))
        return f"{each['open']}{SECRET}{each['open']}" if secret and not NOT_SECRET.fullmatch(value) else each[0]

    return f"{found['head']}{_PART.sub(part, found['value'])}"


def _paired(found: re.Match[str]) -> str:
    """`define('DB_PASSWORD', 'x')`; but names of columns stand in pairs too."""
    value = found["value"]
    if value.startswith("-") or NOT_SECRET.fullmatch(value):
        return found[0]
    sure = found["key"].lower() != "token" and (found["role"] or found["sign"] or _SURE.search(before(found, 120)))
    return f"{found['head']}{SECRET}" if sure or looks_secret(value, 6) else found[0]


def _in_element(found: re.Match[str]) -> str:
    """`<property name="password">x</property>`; the text of a label is none."""
    value, tag = found["value"].strip(), _TAG.search(before(found, 160))
    if tag is None or NOT_SECRET.fullmatch(value):
        return found[0]
    sure = found["attribute"] or tag["tag"].lower() in _SETTINGS
    return f"{found['head']}{SECRET}" if sure or (is_credential(value) and " " not in value) else found[0]


def _look(found: re.Match[str]) -> str:
    return f"{found['head']}{SECRET}" if looks_secret(found["value"], 20) else found[0]


ANNOUNCED: tuple[Pattern, ...] = (
    Pattern(
        "secret",
        "what stands in an object or a list under a name that says secret",
        KEY_HINTS,
        Late(
            rf"""(?i)(?P<head>{_KEY}\s{{0,8}}(?::|=>)\s{{0,8}})"""
            r"""(?P<value>[\[{](?:[^\[\]{}]{1,500}+|[\[{][^\[\]{}]{0,500}+[\]}]){0,20}+)"""
        ),
        _nested,
        near=_NEAR,
    ),
    Pattern(
        "secret",
        "what stands beside a name in quotes that says secret",
        KEY_HINTS,
        Late(
            rf"""(?i)(?P<head>{_KEY}\s{{0,3}}(?:,\s{{0,8}}(?P<role>{_Q}(?:value|val|content){_Q}\s{{0,3}}:\s{{0,3}})?"""
            rf"""|(?P<sign>\]\s{{0,3}}=)\s{{0,3}}){_Q}){_VALUE}(?={_Q})"""
        ),
        _paired,
        near=_NEAR,
    ),
    Pattern(
        "secret",
        "what stands in an element or an attribute of XML beside a name that says secret",
        KEY_HINTS,
        Late(
            rf"""(?i)(?P<head>{_KEY}(?:[^<>]{{0,200}}?\s(?P<attribute>value)\s?=\s?{_Q}"""
            r"""|(?:[^<>]{0,200}[^<>/])?>\s{0,8}(?:<value>\s{0,8})?))(?P<value>[^<>"'\s][^<>"'\r\n]{0,300}+)"""
        ),
        _in_element,
        probe=Gate("<", Late(r"""(?:name|key|type|id)\s?=\s?\\?["'][\w.:-]{1,60}\\?["']""")),
        far=rf"""(?:name|key|type|id){BLANK}?={BLANK}?[\\"']""",
    ),
    Pattern(
        "secret",
        "user and password as a program's client takes them",
        ("auth(", "auth=("),
        Late(
            rf"""(?i)(?P<head>(?:(?:basic|digest|proxy)_?auth\(|\bauth=\()\s{{0,3}}{_Q}[^"'\r\n]{{1,100}}{_Q}\s{{0,3}},\s{{0,3}}"""
            rf"""{_Q}){_VALUE}(?={_Q})"""
        ),
        unless_masked,
        near=rf"""{BLANK}*\\?["']""",
    ),
    Pattern(
        "secret",
        "a secret that a Dockerfile sets",
        ("env ", "arg "),
        Late(
            r"""(?m)(?P<head>(?:^|[:>])[ \t]{0,8}(?:ENV|ARG)[ \t]{1,3}[A-Za-z0-9_]{0,40}?"""
            rf"""(?i:{KEYS}{NUMBERED}{TAIL})[ \t]{{1,3}}["']?)"""
            r"""(?P<value>[^\s"'=][^\s"']{0,300}+)"""
        ),
        unless_masked,
        near=r"[ \t]*\w*(?:pass|pwd|secret|token|key|cred|psk|pw)",
    ),
    Pattern(
        "secret",
        "personal access tokens",
        ("_pat",),
        Late(r"""(?i)(?P<head>_pat\s{0,3}[=:]\s{0,3}["']?)(?P<value>[A-Za-z0-9_-]{20,200}+)"""),
        _look,
        near=rf"{BLANK}{{0,3}}[=:]",
    ),
)
