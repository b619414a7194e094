"""In a clone's root the rooms answer to their short names too: `models` is `chimera_metrics.models`, the same module.

The `__init__` of each room calls `same_as_long(__name__)`. Nothing here runs where only the long names are used.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import Any

ROOMS = ("models", "analytics", "integrations", "server", "apps")


class ShortNames:
    """Finds and loads `room.module` as the module `chimera_metrics.room.module`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec under the short name, or None for a module that is not in a room."""
        room, _, rest = name.partition(".")
        if room not in ROOMS or not rest:
            return None
        long = importlib.util.find_spec(f"chimera_metrics.{name}")
        loader: Any = self  # the import system asks for these methods, not for a base class
        return long and importlib.machinery.ModuleSpec(name, loader, origin=long.origin)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The module under its long name, which the import system then registers under the short one as well."""
        module = importlib.import_module(f"chimera_metrics.{spec.name}")
        spec.loader_state = module.__spec__  # the import system replaces it with the short name's
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back; it has run already."""
        short: Any = module.__spec__
        module.__spec__ = short.loader_state

    def get_code(self, name: str) -> CodeType | None:
        """The code of a module, for `python -m apps.muse_cli`."""
        long: Any = importlib.util.find_spec(f"chimera_metrics.{name}")
        code: CodeType | None = long.loader.get_code(long.name)
        return code


def same_as_long(name: str) -> None:
    """Make a room that is imported under its short name the room of the long name. name: the caller's `__name__`."""
    if name in ROOMS:
        finders: Any = sys.meta_path
        if not any(isinstance(finder, ShortNames) for finder in finders):
            finders.insert(0, ShortNames())
        sys.modules[name] = importlib.import_module(f"chimera_metrics.{name}")
