"""A plugin for pytest that stands in the place of the upstream suite's `tests.config`: every session is on one URI.

`parameterized`, which the suite imports, is not installed for one test's sake: what it uses of it is written out here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy.dialects import registry

registry.register("clickhouse", "clickhouse_sqlalchemy.drivers.http.base", "dialect")
registry.register("clickhouse.native", "clickhouse_sqlalchemy.drivers.native.base", "dialect")

_CONFIG: Any = ModuleType("tests.config")
_CONFIG.native_uri = _CONFIG.http_uri = os.environ["URI"]
_CONFIG.system_native_uri = _CONFIG.system_http_uri = os.environ["SYSTEM_URI"]
_CONFIG.asynch_uri = _CONFIG.system_asynch_uri = "clickhouse+asynch://localhost/test"
_CONFIG.host, _CONFIG.port, _CONFIG.http_port = "localhost", 9000, 8123
_CONFIG.database, _CONFIG.user, _CONFIG.password = "chimera_metrics", "default", ""
sys.modules["tests.config"] = _CONFIG


def _parameterized_class(cases: list[dict[str, Any]], class_name_func: Callable[..., str]) -> Callable[[type], type]:
    def decorate(cls: type) -> type:
        module = sys.modules[cls.__module__].__dict__
        for index, case in enumerate(cases):
            name = class_name_func(cls, index, case)
            module[name] = type(name, (cls,), case | {"__module__": cls.__module__})
        # The class itself is no test; pytest collects what is named.
        for name in [name for name in vars(cls) if name.startswith("test")]:
            for made in (module[class_name_func(cls, 0, case)] for case in cases):
                if name not in vars(made):
                    setattr(made, name, vars(cls)[name])
            delattr(cls, name)
        return cls

    return decorate


class _Parameterized:
    @staticmethod
    def expand(cases: list[tuple[Any, ...]]) -> Callable[[Callable[..., Any]], None]:
        def decorate(function: Callable[..., Any]) -> None:
            frame = sys._getframe(1).f_locals
            for index, case in enumerate(cases):
                frame[f"{function.__name__}_{index}"] = lambda self, case=case: function(self, *case)

        return decorate


_PARAMETERIZED: Any = ModuleType("parameterized")
_PARAMETERIZED.parameterized = _Parameterized
_PARAMETERIZED.parameterized_class = _parameterized_class
sys.modules["parameterized"] = _PARAMETERIZED

if not Path("tests/session.py").exists():
    import released

    released.complete(_CONFIG)
