"""Faults that a test arms at named phases of a conversation."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import asdict, dataclass
from typing import Literal, Protocol, get_args

Phase = Literal[
    "accept",
    "hello",
    "query_received",
    "before_sample_block",
    "data_block_received",
    "before_engine_insert",
    "after_engine_insert",
    "before_result_block",
    "before_end_of_stream",
]
Action = Literal["cut", "delay", "stall", "refuse", "kill", "restart", "break"]
PHASES: tuple[str, ...] = get_args(Phase)
#: The phases of an INSERT: up to when a cut leaves nothing stored, and from when on all of it.
BEFORE_STORING = ("query_received", "before_sample_block", "data_block_received", "before_engine_insert")
AFTER_STORING = ("after_engine_insert", "before_end_of_stream")
INSERT_PHASES = BEFORE_STORING + AFTER_STORING
ACTIONS: tuple[str, ...] = get_args(Action)
STALL_S = 3600.0
TICK_S = 0.02


class CutError(ConnectionError):
    """The connection was cut on purpose."""


class RefusedError(Exception):
    """The statement was refused on purpose."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(words or f"Refused by an armed fault. (code {code})")
        self.code = code


class Conversing(Protocol):
    """What a fault needs of a conversation."""

    @property
    def sql(self) -> str: ...
    def cut(self) -> None: ...
    def client_left(self) -> bool: ...
    def restart_engine(self) -> None: ...


@dataclass
class Fault:
    """One armed fault. `table`: only for statements whose text contains it. `code`, `words`: what `refuse` answers."""

    phase: str
    action: str
    seconds: float | None = None
    times: int = 1
    table: str | None = None
    code: int = 202
    words: str = ""

    def __post_init__(self) -> None:
        if self.phase not in PHASES or self.action not in ACTIONS:
            raise ValueError(f"No fault {self.action!r} at {self.phase!r}; phases {PHASES}, actions {ACTIONS}")


class Faults:
    """The armed faults, and a record of those that struck."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []
        self._round = 0  # changes when disarmed, which ends every stall
        self.struck: list[dict[str, object]] = []

    def arm(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append(fault)

    def disarm(self) -> None:
        with self._lock:
            self._armed.clear()
            self._round += 1

    def at(self, phase: Phase, conversation: Conversing) -> None:
        """Called between phases; returns, or raises what the fault means for the conversation."""
        fault = self._take(phase, conversation.sql)
        if fault is None:
            return
        match fault.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "refuse":
                raise RefusedError(fault.code, fault.words)
            case "break":
                raise LookupError("A bug on purpose")
            case "restart":
                conversation.restart_engine()
                raise CutError
            case "cut":
                conversation.cut()
                raise CutError
            case _:
                default = STALL_S if fault.action == "stall" else 1.0
                self._wait(default if fault.seconds is None else fault.seconds, conversation)

    def _take(self, phase: Phase, sql: str) -> Fault | None:
        with self._lock:
            for fault in self._armed:
                if fault.phase == phase and (fault.table is None or fault.table in sql):
                    fault.times -= 1
                    if not fault.times:
                        self._armed.remove(fault)
                    self.struck.append({**asdict(fault), "sql": sql})
                    return fault
        return None

    def _wait(self, seconds: float, conversation: Conversing) -> None:
        """Sleep until the time is over, the client leaves or the faults are disarmed."""
        round_, end = self._round, time.monotonic() + seconds
        while self._round == round_ and (left := end - time.monotonic()) > 0:
            time.sleep(min(TICK_S, left))
            if conversation.client_left():
                raise CutError
