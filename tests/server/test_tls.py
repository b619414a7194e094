"""Serving https: with a certificate of its own, and with files that are not there."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import anyio
import httpx2
import mcp
import pytest
from mcp.client.streamable_http import streamable_http_client

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import MUSE, ROOT, environment, http
from tests.support.native_wire.certificates import make_certificates


def test_tools_are_called_over_https_and_only_with_trust(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    ca, chain = make_certificates(tmp_path / "tls")
    files = {"MUSE_TLS_CERT": str(chain), "MUSE_TLS_KEY": str(chain)}
    trusting = ssl.create_default_context(cafile=str(ca))

    async def ask(url: str) -> bool:
        async with (
            httpx2.AsyncClient(verify=trusting) as web,
            mcp.Client(streamable_http_client(url, http_client=web)) as client,
        ):
            answer = await client.call_tool("query", {"sql": "SELECT 41 + 1 AS n"})
            assert answer.structured_content is not None
            return bool(answer.structured_content["rows"] == [[42]])

    with http(environment(embedded, tmp_path, **files)) as (url, _):
        assert url.startswith("https://")
        assert anyio.run(ask, url)
        base = url.removesuffix("/mcp")
        assert httpx2.get(f"{base}/livez", verify=trusting).json() == {"status": "ok"}
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx2.get(f"{base}/livez")
        with pytest.raises(httpx2.HTTPError):
            httpx2.get(f"{base}/livez".replace("https://", "http://"))


def refusal(settings: ClickHouseSettings, folder: Path, files: dict[str, str]) -> str:
    """What a server says that does not start with these files, which hold no certificate."""
    for path in files.values():
        Path(path).write_text("not a certificate")
    words = [MUSE, "serve", "--transport", "http", "--port", "0"]
    variables = environment(settings, folder, **files)
    done = subprocess.run(words, env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("name", ["MUSE_TLS_CERT", "MUSE_TLS_KEY"])
def test_a_certificate_without_its_key_is_a_sentence(embedded: ClickHouseSettings, tmp_path: Path, name: str) -> None:
    said = refusal(embedded, tmp_path, {name: str(tmp_path / "file.pem")})
    assert "https needs a certificate and its key: name both." in said


def test_a_file_that_is_no_certificate_is_a_sentence(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    files = {"MUSE_TLS_CERT": str(tmp_path / "cert.pem"), "MUSE_TLS_KEY": str(tmp_path / "key.pem")}
    assert "MUSE_TLS_CERT" in refusal(embedded, tmp_path, files)
