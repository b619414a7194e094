"""Debian's ClickHouse 18.16 as a process: a fully real server, too old for us, unpacked by debian_packages.sh."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.listening import end, free_port, wait_for
from tests.support.native_wire.certificates import make_certificates

ROOT = Path(__file__).parents[2] / ".cache" / "clickhouse-18.16"
BINARY = ROOT / "usr" / "sbin" / "clickhouse-server"
PASSWORD = "hush-18"
_START_S = 20.0

_CONFIG = """<yandex>
  <logger><level>information</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog></logger>
  <tcp_port>{plain}</tcp_port><tcp_port_secure>{secure}</tcp_port_secure><listen_host>127.0.0.1</listen_host>
  <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><users_config>{folder}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>16777216</mark_cache_size>
  <openSSL><server>
    <certificateFile>{certificate}</certificateFile><privateKeyFile>{key}</privateKeyFile>
    <verificationMode>none</verificationMode><loadDefaultCAFile>false</loadDefaultCAFile>
  </server></openSSL>
</yandex>"""
_USERS = f"""<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default>
  <password>{PASSWORD}</password><networks><ip>127.0.0.1</ip></networks>
  <profile>default</profile><quota>default</quota>
</default></users></yandex>"""


@dataclass(frozen=True, slots=True)
class DebianServer:
    """A running server: its ports, the CA that signed its certificate, and the folder of its data and log."""

    plain: int
    secure: int
    ca: Path
    folder: Path


def available() -> bool:
    return (ROOT / "ready").exists()


@contextlib.contextmanager
def debian_server(folder: Path) -> Iterator[DebianServer]:
    """Starts the server on free ports and stops it in the end."""
    ca, chain = make_certificates(folder / "tls")
    plain, secure = free_port(), free_port()
    (folder / "users.xml").write_text(_USERS)
    config = folder / "config.xml"
    config.write_text(_CONFIG.format(folder=folder, plain=plain, secure=secure, certificate=chain, key=chain))
    libraries = {str(file.parent) for file in ROOT.rglob("*.so*")}
    process = subprocess.Popen(
        [BINARY, f"--config-file={config}"],
        env=os.environ | {"LD_LIBRARY_PATH": ":".join(sorted(libraries))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(process, plain, "Debian's server", _START_S)
        wait_for(process, secure, "Debian's server", _START_S)
        yield DebianServer(plain, secure, ca, folder)
    finally:
        end(process)
