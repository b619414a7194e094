"""What the released source of clickhouse-sqlalchemy lacks of its suite: the modules `tests.session` and `tests.util`.

Only what the tests that it does have use of them, under the names that they use.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from clickhouse_sqlalchemy import make_session
from parameterized import parameterized_class  # type: ignore[import-not-found]  # the plugin stands in for it
from sqlalchemy import Engine, create_engine

_LAYOUT = re.compile(r"[\n\t]")


class MockedEngine:
    """A session whose statements are written down and go nowhere."""

    def __init__(self, uri: str) -> None:
        self._engine: Engine = create_engine(uri)
        with self._engine.connect():  # a dialect asks a little of a store at its first connection
            pass
        self.session = make_session(self._engine)
        self.history: list[str] = []

    def __enter__(self) -> MockedEngine:
        def write_down(cursor: Any, statement: str, *_: Any) -> None:
            self.history.append(_LAYOUT.sub("", statement))

        dialect: Any = self._engine.dialect
        dialect.do_execute = dialect.do_executemany = write_down
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()


def _session(config: Any) -> ModuleType:
    made: Any = ModuleType("tests.session")
    made.native_session = make_session(create_engine(config.native_uri))
    made.http_engine = create_engine(config.http_uri)
    made.http_session = make_session(made.http_engine)
    made.system_native_session = make_session(create_engine(config.system_native_uri))
    made.asynch_session = made.system_asynch_session = None
    made.mocked_engine = lambda: MockedEngine(config.native_uri)
    found: ModuleType = made
    return found


def _util(session: Any) -> ModuleType:
    made: Any = ModuleType("tests.util")
    made.require_server_version = lambda *_: lambda test: test  # every engine in support is newer
    made.skip_by_server_version = None
    made.run_async = lambda function: function
    sessions: list[dict[str, Any]] = [{"session": session.http_session}, {"session": session.native_session}]

    def named(cls: type, index: int, _: dict[str, Any]) -> str:
        return cls.__name__ + ("HTTP", "Native")[index]

    both: Callable[[type], type] = parameterized_class(sessions, class_name_func=named)
    made.with_native_and_http_sessions = both
    found: ModuleType = made
    return found


def complete(config: Any) -> None:
    """Lets the tests import both."""
    session = _session(config)
    sys.modules["tests.session"], sys.modules["tests.util"] = session, _util(session)
