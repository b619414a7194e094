"""The process: `python -m tests.support.native_wire --path DIR …`.

It prints one JSON line when it listens, then answers commands, a JSON object a line, from its standard input:
`{"arm": {"phase": …, "action": …}}`, `{"disarm": true}`, `{"restart_engine": true}`, `{"struck": true}`. It ends on
SIGTERM, and when its standard input closes, so that it never outlives the tests that started it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tests.support.native_wire import packets
from tests.support.native_wire.certificates import make_certificates
from tests.support.native_wire.faults import Fault
from tests.support.native_wire.server import Options, Server


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="native_wire", description="ClickHouse's native protocol before chDB")
    parser.add_argument("--path", type=Path, required=True, help="directory of the chDB store")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    parser.add_argument("--version", help="the version that the server poses as, rather than the engine's")
    parser.add_argument("--revision", type=int, default=packets.REVISION, help="from 54448 to 54459")
    parser.add_argument("--tls-dir", type=Path, help="speak TLS; ca.pem and server.pem are made there")
    parser.add_argument("--alone", action="store_true", help="a cluster of one: neither ON CLUSTER nor replicas")
    parser.add_argument("--replicated", action="store_true", help="with --alone: tables keep their replicated engines")
    parser.add_argument("--peer", type=int, action="append", default=[], help="port of another server of its cluster")
    parser.add_argument("--config-file", type=Path, help="the engine's configuration, for backups and the like")
    return parser.parse_args(arguments)


def options_of(arguments: argparse.Namespace) -> tuple[Options, Path | None]:
    ca_path = certificate = None
    if arguments.tls_dir is not None:
        ca_path, certificate = make_certificates(arguments.tls_dir)
    posed = None
    if arguments.version is not None:
        major, minor, patch = (int(part) for part in arguments.version.split("."))
        posed = (major, minor, patch)
    options = Options(
        path=arguments.path,
        port=arguments.port,
        user=arguments.user,
        password=arguments.password,
        version=posed,
        revision=arguments.revision,
        certificate=certificate,
        config_file=arguments.config_file,
        alone=arguments.alone,
        replicated=arguments.replicated,
        peers=tuple(arguments.peer),
    )
    return options, ca_path


def obey(server: Server, command: dict[str, Any]) -> dict[str, Any]:
    """Carry out one command of the control channel."""
    match command:
        case {"arm": fault}:
            server.faults.arm(Fault(**fault))
        case {"disarm": _}:
            server.faults.disarm()
        case {"restart_engine": _}:
            server.restart_engine()
        case {"struck": _}:
            return {"struck": server.faults.struck}
        case _:
            raise ValueError(f"No such command: {command}")
    return {"ok": True}


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def control(server: Server, stop: threading.Event) -> None:
    """Answer commands until the other end of standard input closes."""
    for line in sys.stdin:
        try:
            say(obey(server, json.loads(line)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test that asked must learn it
            say({"error": f"{type(error).__name__}: {error}"})
    stop.set()


def main() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    options, ca_path = options_of(parse(sys.argv[1:]))
    server = Server(options)
    threading.Thread(target=server.serve, daemon=True).start()
    say({"host": "127.0.0.1", "port": server.port, "ca_path": str(ca_path) if ca_path else None})
    threading.Thread(target=control, args=(server, stop), daemon=True).start()
    stop.wait()
    server.stop()
    # The interpreter's own end would wait for threads that are deep in the engine.
    os._exit(0)


if __name__ == "__main__":
    main()
