"""Secrets on command lines, and in the files of the programs that take them."""

from __future__ import annotations

import re

from chimera_metrics.integrations.masking.credentials import after_word, unless_masked
from chimera_metrics.integrations.masking.masks import BLANK, BLANKS, SECRET, Late, Pattern
from chimera_metrics.integrations.masking.words import looks_secret


def _user(found: re.Match[str]) -> str:
    """`-u name:password` of curl; `-u 1000:1000` is who runs a container."""
    return found[0] if found["value"].replace(":", "").isdecimal() else f"{found['head']}{SECRET}"


def _look(found: re.Match[str]) -> str:
    return f"{found['head']}{SECRET}" if looks_secret(found["value"], 6) else found[0]


# What a program's words may be until the option that carries the secret.
_REST = r"\b[^\r\n|;&]{0,200}?\s"
_PROGRAMS = (
    r"\b(?:mysql|mariadb)(?:[a-z-]{0,12})" + _REST + "-p",
    r"\bsshpass\s{1,3}(?:-[a-z]\s{1,3}){0,2}-p\s{0,3}",
    r"\bredis-cli" + _REST + r"-a\s{1,3}",
    r"\b(?:docker|podman|helm registry|az|oc|cf)\s{1,3}login" + _REST + r"-p\s{1,3}",
    r"\btwine\s{1,3}upload" + _REST + r"-p\s{1,3}",
    r"\bldap[a-z]{2,12}" + _REST + r"-w\s{1,3}",
    r"\bmongo[a-z]{0,8}" + _REST + r"-p\s{1,3}",
    r"\b(?:un)?zip" + _REST + r"-P\s{0,3}",
    r"\b(?:sqlcmd|bcp|isql|tsql)" + _REST + r"-P\s{0,3}",
    r"\b(?:7z[ar]?|(?:un)?rar)" + _REST + "-p",
    r"\bsmbclient" + _REST + r"-U\s{0,3}[^\s%]{1,60}%",
    r"\blftp" + _REST + r"-u\s{0,3}[^\s,]{1,60},",
    r"\bopenssl" + _REST + r"-(?:[kK]|pass(?:in|out)?)\s{1,3}(?:pass:)?(?!env:|file:|fd:|stdin)",
    r"\bhtpasswd\s{1,3}-[A-Za-mo-z]{0,5}nb?[A-Za-z]{0,5}\s{1,3}[^\s-]\S{0,60}\s{1,3}",
    r"\bhtpasswd\s{1,3}-[A-Za-mo-z]{0,5}b[A-Za-mo-z]{0,5}\s{1,3}[^\s-]\S{0,200}\s{1,3}\S{1,60}\s{1,3}",
)

# An option of one of them. It is looked for once.
_OPTION = re.compile(rf"-(?<={BLANK}-)[-pawuknbs]")

COMMANDS: tuple[Pattern, ...] = (
    Pattern(
        "secret",
        "user and password on curl's command line",
        ("curl",),
        Late(
            r"""(?P<head>(?<!\S)(?:-[A-Za-z]{0,6}u[ =]{0,3}|--(?:proxy-)?user[ =]{1,3})["']?)"""
            r"""(?P<value>(?<=["'])[^"'\r\n:]{1,100}+:[^"'\r\n]{1,200}+|[^\s"':]{1,100}+:[^\s"']{1,200}+)"""
        ),
        _user,
    ),
    Pattern(
        "secret",
        "user and password on the command line of HTTPie",
        (" -a ", "--auth"),
        Late(
            r"""(?P<head>\b(?:https?|httpie|xh)\s[^\r\n|;&]{0,200}?(?<!\S)(?:-a|--auth)[ =]{1,3}["']?)"""
            r"""(?P<value>[^\s"':]{1,100}+:[^\s"']{1,200}+)"""
        ),
        _user,
        probe=_OPTION,
        far=r"(?: -a |--auth)[ =]*[^ \r\n:]+:",
    ),
    Pattern(
        "secret",
        "passwords on the command lines of databases and their like",
        (
            *(
                "mysql",
                "mariadb",
                "sshpass",
                "redis-cli",
                "docker login",
                "podman login",
                "helm",
                "smbclient",
                "ldap",
                "mongo",
            ),
            *(
                "az login",
                "oc login",
                "cf login",
                "twine",
                "zip",
                "sqlcmd",
                "bcp",
                "isql",
                "tsql",
                "7z",
                "rar",
                "lftp",
                "openssl",
            ),
            "htpasswd",
        ),
        Late(rf"""(?P<head>(?:{"|".join(_PROGRAMS)})["']?)(?P<value>[^\s"'-][^\s"']{{0,200}}+)"""),
        unless_masked,
        probe=_OPTION,
    ),
    Pattern(
        "secret",
        "a password that a command pipes into another one",
        ("sudo -s", "-stdin"),
        Late(
            r"""(?P<head>\becho\s{1,3}(?:-n\s{1,3})?["']?)(?P<value>[^\s"'|$`]{3,100}+)(?=["']?\s{0,3}\|\s{0,3}"""
            r"(?:sudo -S|[^\r\n|]{0,200}--(?:password|token|pass)-stdin))"
        ),
        rf"\g<head>{SECRET}",
        probe=_OPTION,
    ),
    Pattern(
        "secret",
        "a password in .netrc",
        ("login", "machine"),
        Late(
            r"(?P<head>\b(?:machine|login)\s{1,8}\S{1,200}\s{1,8}(?:account\s{1,8}\S{1,100}\s{1,8})?password\s{1,8})(?P<value>\S{1,200}+)"
        ),
        unless_masked,
        near=rf"{BLANK}+[^{BLANKS}]+{BLANK}",
        probe=Late("password"),
    ),
    Pattern(
        "secret",
        "the keys of .npmrc",
        ("_authtoken", "_auth"),
        Late(r"""(?P<head>(?<![A-Za-z0-9])_auth(?:Token)?\s{0,3}[ =]\s{0,3}["']?)(?P<value>[^\s"'$]{8,400}+)"""),
        _look,
        near=rf"{BLANK}{{0,3}}[ =]",
    ),
    Pattern(
        "secret",
        "a password that Redis is told",
        ("auth ", "requirepass", "masterauth"),
        Late(
            r"(?m)(?P<head>(?:^|> ?)(?:HELLO [23] )?AUTH\s{1,3}(?:[\w.-]{1,40}\s{1,3})?"
            r"|\b(?i:requirepass|masterauth)\s{1,3})"
            r"""["']?(?P<value>[^\s"']{6,200}+)"""
        ),
        _look,
    ),
    Pattern(
        "secret",
        "what follows an option that says secret",
        ("-password", "-passwd", "-passphrase", "-pwd", "-pass", "-token", "-secret", "-key", "-storepass", "-keypass"),
        Late(
            r"""(?i)(?P<head>(?<![\w-])(?:--(?:[a-z0-9]{1,20}-){0,3}"""
            r"""(?:password|passwd|passphrase|pwd|pass|token|secret|(?:api|access|secret|private|auth|account)-key)"""
            r"""|-(?:(?:src|dest)?(?:store|key))?pass(?:word|wd)?)"""
            r"""\s{1,3}["']?)(?P<value>[^\s"'-][^\s"']{3,200}+)"""
        ),
        after_word,
        near=rf"{BLANK}{{1,3}}[!-~]{{4}}",
        probe=_OPTION,
    ),
)
