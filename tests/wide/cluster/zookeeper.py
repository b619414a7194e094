"""Debian's ZooKeeper, unpacked into the cache: the Keeper of the clusters here. Nothing is installed on the machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.listening import end, free_port, wait_for
from tests.wide.environments import CACHE

_READY = "ready"
_READY_S = 30.0
_CONFIG = """tickTime=2000
dataDir={folder}
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
maxClientCnxns=0
"""


def packages(cache: Path = CACHE) -> Path:
    """The folder with ZooKeeper, and with Java where the machine has none."""
    folder = cache / "zookeeper"
    if not (folder / _READY).exists():
        print("Setting up wide/zookeeper …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        debs = folder / "packages"
        debs.mkdir(parents=True)
        if not (names := _missing()):
            subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
            names = _missing()
        subprocess.run(["apt-get", "download", "-qq", *names], cwd=debs, check=True, capture_output=True)
        for package in sorted(debs.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, folder], check=True)
        shutil.rmtree(debs)
        (folder / _READY).touch()
    return folder


def _missing() -> list[str]:
    words = ["apt-get", "install", "-s", "--no-install-recommends", "zookeeper"]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    found = [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]
    # Packages that only point at others hold nothing.
    return [name for name in found if not name.startswith("default-jre")]


@dataclass(frozen=True, slots=True)
class Keeper:
    """A running ZooKeeper."""

    port: int
    process: subprocess.Popen[bytes]

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Its connections stay, and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def zookeeper(folder: Path) -> Iterator[Keeper]:
    """Starts ZooKeeper on a free port; its data lies in `folder`."""
    unpacked, port = packages(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "zoo.cfg"
    config.write_text(_CONFIG.format(folder=folder / "data", port=port))
    jars = [*unpacked.glob("usr/share/java/*.jar"), *Path("/usr/share/java").glob("*.jar")]
    words = [_java(unpacked), "-Xmx128m", "-cp", os.pathsep.join(map(str, jars))]
    words += ["org.apache.zookeeper.server.ZooKeeperServerMain", str(config)]
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        wait_for(process, port, "ZooKeeper", _READY_S)
        yield Keeper(port, process)
    finally:
        end(process)


def _java(unpacked: Path) -> str:
    found = shutil.which("java") or next(map(str, unpacked.glob("usr/lib/jvm/*/bin/java")), None)
    if found is None:
        raise RuntimeError("Java was not unpacked beside ZooKeeper")
    return found
