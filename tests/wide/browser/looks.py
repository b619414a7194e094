"""`python -m tests.wide.browser.looks BROWSER AXE URL OUT VIEW…`: each view at two widths, a JSON line each.

A line says what a person would meet: errors of the console, requests to other hosts, content wider than the screen, and
what axe calls serious.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
SIZES = {"desk": (1280, 900, "light"), "phone": (390, 844, "dark")}


def look(browser: Browser, url: str, size: str, axe: str, picture: Path) -> dict[str, Any]:
    width, height, scheme = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    answer = page.goto(url, wait_until="networkidle", timeout=60_000)
    page.screenshot(path=str(picture), full_page=True)
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in ("serious", "critical")
    ]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    page.close()
    return {
        "status": answer.status if answer else 0,
        "errors": errors,
        "foreign": sorted(hosts - {urlsplit(url).netloc, ""}),
        "wide": wide,
        "serious": serious,
    }


def main(binary: str, axe: str, url: str, out: str, *views: str) -> None:
    script = Path(axe).read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS, headless=True)
        for view in views:
            for size in SIZES:
                name = view.strip("/").partition("?")[0] or "overview"
                picture = Path(out) / f"{name}-{size}.png"
                print(
                    json.dumps({"view": view, "size": size} | look(browser, url + view, size, script, picture)),
                    flush=True,
                )
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
