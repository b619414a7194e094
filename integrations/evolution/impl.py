"""alembic's implementation for ClickHouse: no transactions, every statement final the moment it has run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alembic.ddl.impl import DefaultImpl
from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Column, MetaData, Table, text
from sqlalchemy.sql.dml import Delete, Update

from chimera_metrics.integrations.clickhouse import shards
from chimera_metrics.integrations.clickhouse.cluster import Cluster
from chimera_metrics.integrations.config import ClickHouseSettings


class ClickHouseImpl(DefaultImpl):
    """Serves `clickhouse+chdb` and `clickhouse+native` alike: both dialects are called `clickhouse`."""

    __dialect__ = "clickhouse"
    transactional_ddl = False
    #: While a step is rehearsed: the operations and statements that it would run, none of which runs.
    rehearsed: list[Any] | None = None

    def run(self, statement: str) -> None:
        """Runs one statement as it is written, or prints it under `--sql`."""
        if self.as_sql:
            self.static_output(statement.strip() + self.command_terminator)
            return
        if self.rehearsed is not None:
            return
        self._still_ours()
        assert self.connection is not None  # noqa: S101  # for the type checker: only `--sql` has none
        # The cursor %-formats what it gets; a statement of ours has no parameters.
        self.connection.exec_driver_sql(statement.replace("%", "%%"))

    def static_output(self, text: str) -> None:
        settings: ClickHouseSettings | None = self.context_opts.get("clickhouse_settings")
        if settings is None:
            super().static_output(text)
            return
        end = self.command_terminator if text.endswith(self.command_terminator) else ""
        for one in shards.sent(text.removesuffix(end), Cluster.of(settings)):
            super().static_output(f"{one}{end}")

    def remark(self, text_: str) -> None:
        """A comment in the output of `--sql`; nothing online."""
        if self.as_sql:
            self.static_output("\n".join(f"-- {line}" for line in text_.splitlines()))

    @property
    def allows_destruction(self) -> bool:
        """Whether whoever runs this migration has said that its steps may destroy what stands."""
        return bool(self.context_opts.get("allow_destructive"))

    @property
    def settings(self) -> ClickHouseSettings:
        """The settings under which this migration runs."""
        settings = self.context_opts["clickhouse_settings"]
        assert isinstance(settings, ClickHouseSettings)  # noqa: S101
        return settings

    def _still_ours(self) -> None:
        guard: Callable[[], None] | None = self.context_opts.get("migration_guard")
        if guard is not None:
            guard()

    def _exec(
        self,
        construct: Any,
        execution_options: Mapping[str, Any] | None = None,
        multiparams: Sequence[Mapping[str, Any]] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        if self.as_sql and isinstance(construct, Update | Delete):
            # ALTER TABLE … UPDATE returns before it is done unless told to wait; online the session says so.
            sql = construct.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True})
            self.static_output(f"{str(sql).strip()} SETTINGS mutations_sync = 2{self.command_terminator}")
            return None
        if self.rehearsed is not None:
            self.rehearsed.append(construct)
            return None
        if not self.as_sql:
            self._still_ours()
            guard: Callable[[ClickHouseImpl, Any], None] | None = self.context_opts.get("construct_guard")
            if guard is not None:
                guard(self, construct)
        return super()._exec(construct, execution_options, multiparams, params or {})

    def version_table_impl(
        self, *, version_table: str, version_table_schema: str | None, version_table_pk: bool, **kw: Any
    ) -> Table:
        """One row in a MergeTree without a key, so that an UPDATE replaces it in one step."""
        return Table(
            version_table,
            MetaData(),
            Column("version_num", ch.String(), nullable=False),
            engines.MergeTree(order_by=text("tuple()")),
            schema=version_table_schema,
        )
