"""Every error that a user can cause, each one sentence with a next step; they know neither MCP nor a driver."""

from __future__ import annotations

from chimera_metrics.errors import MuseError as MuseError


class SettingsError(MuseError):
    """A setting holds what it does not take."""

    kind = "settings"


class InvalidInput(MuseError):
    """An argument, a row or a file is not what was asked for."""

    kind = "invalid_input"


class StoreBusy(MuseError):
    """Another process has the embedded store."""

    kind = "store_busy"


class StoreUnusable(MuseError):
    """The embedded store's folder cannot be written, or what it holds is damaged."""

    kind = "store_unusable"


class Unreachable(MuseError):
    """The server did not answer, or the connection broke."""

    kind = "unreachable"


class AccessRefused(MuseError):
    """Wrong user or password, or an account that may not do this."""

    kind = "access_refused"


class CertificateRefused(MuseError):
    """TLS failed: the certificate is not trusted, or the port does not speak TLS."""

    kind = "certificate_refused"


class ServerTooOld(MuseError):
    """The server is older than the oldest that this program works with."""

    kind = "server_too_old"


class SchemaMismatch(MuseError):
    """The store's schema is not the one that this program needs."""

    kind = "schema_mismatch"

    @classmethod
    def on(cls, database: str, where: str) -> SchemaMismatch:
        """The whole schema is another one, or there is none."""
        return cls(
            f"The schema of {database} on {where} is not the one that this version needs. "
            "Run `muse upgrade` there (or `muse adopt` for a database that was made by hand)."
        )


class DestructiveStep(MuseError):
    """A step of a migration would destroy what stands, and nobody has allowed that."""

    kind = "destructive_step"


class PoolExhausted(MuseError):
    """All connections were in use for as long as a caller may wait."""

    kind = "pool_exhausted"


class StatementTimeout(MuseError):
    """A statement took longer than it may."""

    kind = "timeout"


class StatementCancelled(MuseError):
    """A statement was cancelled."""

    kind = "cancelled"


class MemoryExceeded(MuseError):
    """A statement needed more memory than it may have."""

    kind = "memory"


class StatementFailed(MuseError):
    """The engine refused or failed a statement. `code` is the engine's error number, 0 if the error is our own."""

    kind = "statement_failed"

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code
