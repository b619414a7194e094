"""Starts and stops the native wire as a process of its own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

ROOT = Path(__file__).parents[2]
#: Names a folder with an unpacked chdb-core of another version; the wire then serves that engine (see tests/wide).
ENGINE_FOLDER = "WIDE_ENGINE_FOLDER"
#: Names the engine's configuration with a Keeper; the wire then poses as a cluster of one server (see tests/wide).
CLUSTER_CONFIG = "WIDE_CLUSTER_CONFIG"
START_S = 20.0
STOP_S = 10.0


class Address(NamedTuple):
    host: str
    port: int
    ca_path: Path | None


def as_cluster() -> dict[str, Any]:
    """How to start a wire that poses as a cluster, where `make test-wide` has the suite run on one."""
    config = os.environ.get(CLUSTER_CONFIG)
    return {} if config is None else {"config_file": Path(config), "alone": True}


def cluster_name() -> str | None:
    """The cluster that such a wire poses as."""
    return "muse" if CLUSTER_CONFIG in os.environ else None


class Wire:
    """`with Wire() as wire: host, port, ca_path = wire.start(path=…)`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._arguments: dict[str, str] = {}
        self._flags: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        *,
        path: Path,
        tls: Path | None = None,
        user: str = "default",
        password: str = "",
        version: str | None = None,
        revision: int | None = None,
        config_file: Path | None = None,
        port: int = 0,
        alone: bool = False,
        replicated: bool = False,
        peers: Sequence[int] = (),
    ) -> Address:
        """Start the server on the store at `path`. `tls`: a folder for certificates; TLS is spoken when it is given.
        `alone`: it poses as a cluster of one server, or with `peers`, ports of others, as that of all of them.
        `replicated`: tables keep the engines that they have on a cluster, as far as this engine can have them."""
        options = {
            "--path": path,
            "--port": port,
            "--user": user,
            "--password": password,
            "--tls-dir": tls,
            "--version": version,
            "--revision": revision,
            "--config-file": config_file,
        }
        self._arguments = {key: str(value) for key, value in options.items() if value is not None}
        flags = {"--alone": alone, "--replicated": replicated}
        self._flags = [*(flag for flag, given in flags.items() if given), *(f"--peer={one}" for one in peers)]
        return self._launch()

    def again(self) -> Address:
        """Start once more as before and on the same port, after `stop` or `kill`."""
        return self._launch()

    def _launch(self) -> Address:
        if self._process is not None:
            raise RuntimeError("The wire is running already")
        words = [f"{key}={value}" for key, value in self._arguments.items()] + self._flags
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.native_wire", *words],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._hear()
        self._arguments["--port"] = str(ready["port"])
        return Address(ready["host"], ready["port"], Path(ready["ca_path"]) if ready["ca_path"] else None)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._alive().pid

    def arm(
        self,
        phase: str,
        action: str,
        *,
        seconds: float | None = None,
        times: int = 1,
        table: str | None = None,
        code: int = 202,
        words: str = "",
    ) -> None:
        """Let `action` happen the next `times` that a statement containing `table` comes to `phase`.

        Actions: cut, delay, stall (until disarmed or the client leaves), refuse (with `code` and `words`), kill (the
        process), restart (the engine), break (a bug of the wire's). Phases: see `faults.Phase`.
        """
        fault = {"phase": phase, "action": action, "seconds": seconds, "times": times, "table": table, "code": code}
        fault |= {"words": words}
        self._tell({"arm": fault})

    def disarm(self) -> None:
        """Drop armed faults and let stalled statements go on."""
        self._tell({"disarm": True})

    def struck(self) -> list[dict[str, Any]]:
        """The faults that happened so far."""
        faults: list[dict[str, Any]] = self._tell({"struck": True})["struck"]
        return faults

    def restart_engine(self) -> None:
        """Close the store and open it again; every connection drops, the port stays."""
        self._tell({"restart_engine": True})

    def kill(self) -> None:
        """kill -9, then wait until the store is free again."""
        if self._process is not None:
            self._process.kill()
        self.reap()

    def reap(self) -> None:
        """Wait for a process that a `kill` fault ended."""
        process, self._process = self._process, None
        if process is not None:
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        if self.running:
            self._alive().terminate()
        self.reap()

    def _alive(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("The wire is not running")
        return self._process

    def _tell(self, command: dict[str, Any]) -> dict[str, Any]:
        stdin = self._alive().stdin
        assert stdin is not None
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        stdout = self._alive().stdout
        assert stdout is not None
        line = stdout.readline() if _readable(stdout.fileno(), START_S) else ""
        if not line:
            self.kill()
            raise RuntimeError("The native wire ended or fell silent; what it said is on standard error")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer


def _environment() -> dict[str, str]:
    found = {**os.environ, "TZ": "UTC"}  # what the handshake says, so that both sides agree
    if folder := os.environ.get(ENGINE_FOLDER):
        # In front of the installed packages, of which the process takes all but the engine.
        found["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    return found


def _readable(descriptor: int, seconds: float) -> bool:
    # Not select(), which takes no descriptor beyond 1023, and a long run of tests may have more open.
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
