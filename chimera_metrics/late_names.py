"""Public names of a package, each fetched from its module when it is first asked for."""

from __future__ import annotations

from importlib import import_module


def fetched(name: str, module: str, package: dict[str, object]) -> object:
    """The name from its module below the package, whose globals `package` are.

    It is kept there: the next look-up finds it without asking.
    """
    found: object = getattr(import_module(f"{package['__name__']}.{module}"), name)
    package[name] = found
    return found
