"""`python -m tests.wide.apps.looks BROWSER AXE HOST SANDBOX SERVER OUT CALLS`: each call's view at two widths.

A JSON line each says what a person would meet: what the view says, errors of the console, requests to other hosts,
content wider than the screen, what axe calls serious, and whether enough is drawn. CALLS is a file: tool, arguments,
the words that the view has to hold, and the marks that its pictures have at least.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, Frame, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.wide.browser.looks import FLAGS

SIZES = {"desk": (800, 700, "light"), "phone": (390, 844, "dark")}
SETTLED_MS = 400
DRAWN_MS = 10_000
MARKS = "document.querySelectorAll('svg[role=img] :is(path, circle, rect, line)').length"


def look(browser: Browser, address: str, size: str, axe: str, picture: Path, call: dict[str, Any]) -> dict[str, Any]:
    width, height, theme = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    errors: list[str] = []
    hosts: set[str] = set()
    # The host asks for a stream of the server's, and is told by 405 that there is none, as the protocol has it.
    page.on(
        "console",
        lambda message: (
            errors.append(message.text)
            if message.type == "error" and message.location["url"] != call["server"]
            else None
        ),
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(f"{address}&{urlencode({'theme': theme})}")
    view = shown(page)
    # A browser does not paint what a frame has beyond the window.
    page.set_viewport_size(
        {"width": width, "height": int(page.evaluate("document.querySelector('iframe').offsetHeight"))}
    )
    page.wait_for_timeout(SETTLED_MS)
    with contextlib.suppress(PlaywrightTimeout):  # what is drawn by then is told
        view.wait_for_function(f"{MARKS} >= {call['marks']}", timeout=DRAWN_MS)
    page.screenshot(path=str(picture))
    said = view.inner_text("main")
    marks = view.evaluate(MARKS)
    bent = view.evaluate("/\\[object|NaN|undefined/.test(document.body.outerHTML.split('<script>')[0])")
    wide = view.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    cut = view.evaluate("document.body.scrollHeight > innerHeight + 2")
    dark = view.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    serious = judged(view, axe)
    page.close()
    faults = [
        f"{name} is wrong"
        for name, wrong in (("width", wide), ("words", bent), ("height", cut), ("theme", dark != (theme == "dark")))
        if wrong
    ]
    faults += [f"only {marks} marks are drawn"] if marks < call["marks"] else []
    faults += [f"{word!r} is not said: {said[:300]}" for word in call["says"] if word not in said]
    return {"faults": faults, "errors": errors, "hosts": sorted(hosts - {""}), "serious": serious}


def shown(page: Page) -> Frame:
    page.wait_for_function("document.title === 'shown'", timeout=60_000)
    view = page.frames[-1]
    view.wait_for_function("!document.querySelector('main').innerText.startsWith('Waiting')", timeout=10_000)
    page.wait_for_timeout(SETTLED_MS)  # the frame takes its height, and a forecast asks for its past
    return view


def judged(view: Frame, axe: str) -> list[str]:
    view.evaluate(axe)
    found = view.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in ("serious", "critical")
    ]


def main(binary: str, axe: str, host: str, sandbox: str, server: str, out: str, calls: str) -> None:
    script = Path(axe).read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS, headless=True)
        for call in json.loads(Path(calls).read_text()):
            asked = {"server": server, "sandbox": sandbox, "tool": call["tool"], "args": json.dumps(call["arguments"])}
            for size in SIZES:
                picture = Path(out) / f"{call['name']}-{size}.png"
                found = look(browser, f"{host}?{urlencode(asked)}", size, script, picture, call | {"server": server})
                foreign = set(found.pop("hosts")) - {urlsplit(one).netloc for one in (host, sandbox, server)}
                print(json.dumps({"view": call["name"], "size": size, "foreign": sorted(foreign)} | found), flush=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
