"""`python -m tests.wide.apps.inspector BROWSER NODE INSPECTOR URL OUT`: the Inspector's tab Apps opens a view.

One JSON line, as of `looks`. The Inspector's own page asks for fonts from outside, which is stopped here.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.wide.browser.looks import FLAGS

TOOL = "get.performance_summary"
_STARTS = 100


def free() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def opened(page: Page, address: str) -> None:
    for _ in range(_STARTS):
        try:
            page.goto(address)
            return
        except Error:
            page.wait_for_timeout(200)


def look(browser: Browser, address: str, picture: Path) -> list[str]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.route("**/*.googleapis.com/**", lambda route: route.abort())
    opened(page, address)
    page.get_by_role("switch").first.click(force=True)  # connects
    page.get_by_text("Apps", exact=True).first.click(timeout=20_000)
    page.get_by_text(TOOL).first.click(timeout=20_000)
    page.get_by_text("Open App", exact=True).first.click(timeout=20_000)
    view = page.frame_locator("iframe").frame_locator("iframe")
    view.locator("svg[role=img]").first.wait_for(state="attached", timeout=20_000)
    said = view.locator("main").inner_text()
    page.screenshot(path=str(picture))
    return [f"{word!r} is not said: {said[:300]}" for word in ("Performance", "Benchmarks", " ms") if word not in said]


def main(binary: str, node: str, inspector: str, server: str, out: str) -> None:
    home, port = tempfile.mkdtemp(), free()
    places = {"CLIENT_PORT": port, "MCP_SANDBOX_PORT": free(), "MCP_APP_ORIGIN_PORT": free(), "HOME": home}
    variables = {"MCP_STORAGE_DIR": home, "MCP_AUTO_OPEN_ENABLED": "false", "DANGEROUSLY_OMIT_AUTH": "true"}
    words = [node, inspector, "--web", "--transport", "http", "--server-url", server]
    running = subprocess.Popen(
        words, env=os.environ | variables | places, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=binary, args=FLAGS, headless=True)
            faults = look(browser, f"http://127.0.0.1:{port}/", Path(out) / "inspector.png")
            print(json.dumps({"view": TOOL, "faults": faults, "errors": [], "foreign": [], "serious": []}), flush=True)
            browser.close()
    finally:
        running.terminate()
        running.wait(10)


if __name__ == "__main__":
    main(*sys.argv[1:])
