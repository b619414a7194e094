"""What stands in for a module that a library imports and we never use, while the library is imported."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


class Late(ModuleType):
    """Stands in for the module of its name, which it imports when something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # what the machinery of imports looks for
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def standing_in(module: ModuleType) -> Iterator[None]:
    """`module` is imported under its name while this is open, unless the real one is loaded; whoever imports it
    later gets the real one."""
    if module.__name__ in sys.modules:
        yield
        return
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]
