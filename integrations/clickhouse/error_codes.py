"""ClickHouse's error numbers, by the names that the engine gives them (`errorCodeToName`)."""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import exc


class ErrorCode(IntEnum):
    """The errors that this program tells apart. Any other stays a plain number."""

    UNEXPECTED_END_OF_FILE = 3
    NO_SUCH_COLUMN_IN_TABLE = 16
    BAD_ARGUMENTS = 36
    UNKNOWN_IDENTIFIER = 47
    TABLE_ALREADY_EXISTS = 57
    UNKNOWN_TABLE = 60
    SYNTAX_ERROR = 62
    UNKNOWN_DATABASE = 81
    UNKNOWN_SETTING = 115
    TIMEOUT_EXCEEDED = 159
    READONLY = 164
    TOO_DEEP_AST = 167
    UNKNOWN_USER = 192
    WRONG_PASSWORD = 193
    REQUIRED_PASSWORD = 194
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    NO_FREE_CONNECTION = 203
    SOCKET_TIMEOUT = 209
    NETWORK_ERROR = 210
    NO_ZOOKEEPER = 225
    ABORTED = 236
    MEMORY_LIMIT_EXCEEDED = 241
    TABLE_IS_READ_ONLY = 242
    NOT_ENOUGH_SPACE = 243
    TOO_MANY_PARTS = 252
    ALL_CONNECTION_TRIES_FAILED = 279
    TOO_FEW_LIVE_REPLICAS = 285
    UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE = 286
    TOO_DEEP_RECURSION = 306
    TOO_MANY_BYTES = 307
    UNKNOWN_STATUS_OF_INSERT = 319
    UNFINISHED = 341
    QUERY_IS_PROHIBITED = 392
    QUERY_WAS_CANCELLED = 394
    TOO_MANY_ROWS_OR_BYTES = 396
    SYSTEM_ERROR = 425
    CANNOT_SCHEDULE_TASK = 439
    SETTING_CONSTRAINT_VIOLATION = 452
    ACCESS_DENIED = 497
    AUTHENTICATION_FAILED = 516
    KEEPER_EXCEPTION = 999


def code_of(error: exc.DBAPIError) -> int:
    """The engine's error number, which SQLAlchemy wrapped; 0 if the error is not the engine's."""
    return int(getattr(error.orig, "code", 0))
