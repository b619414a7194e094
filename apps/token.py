"""`muse token`: who may call the server over HTTP, and in which role."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chimera_metrics.apps.tables import say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.unseen import printable
from chimera_metrics.server.http.tokens import Tokens, tokens_of


def create(name: str, role: str, days: int | None) -> int:
    """Prints a new token, which cannot be shown again: alone on stdout, so that it can be piped."""
    tokens = _file()
    text = tokens.create(name, role, days)
    ends = "never expires" if days is None else f"expires in {days} days"
    say(f"Token {name} ({role}, {ends}). It is shown only now; clients send it as Authorization: Bearer", err=True)
    say(text)
    return 0


def show() -> int:
    """Lists the tokens; the tokens themselves are kept nowhere."""
    tokens = _file()
    known = tokens.tokens()
    if not known:
        say(f"No tokens in {tokens.own.path}. Create one with `muse token create NAME --role reader`.")
        return 0
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for column in ("name", "role", "id", "created", "expires"):
        table.add_column(column)
    for token in known:
        expires = "expired" if token.expired else token.expires or "never"
        cells = (token.name, token.role, token.token_id, token.created, expires)
        table.add_row(*(Text(printable(str(cell))) for cell in cells))
    Console(width=110, highlight=False, color_system=None).print(table)
    say(f"Kept in {' and '.join(str(file.path) for file in tokens.files)}.", err=True)
    return 0


def revoke(name: str) -> int:
    """Ends a token, also on a server that is running."""
    _file().revoke(name)
    say(f"Token {name} is revoked.")
    return 0


def _file() -> Tokens:
    return tokens_of(config.load())
