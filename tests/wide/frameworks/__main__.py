"""`python -m tests.wide.frameworks NAME stdio|http MUSE CALLS`: one framework's checks, a JSON line each."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path

from tests.wide.frameworks.exercise import exercise
from tests.wide.frameworks.target import serving


async def main(name: str, transport: str, muse: str, calls: str) -> None:
    connect = importlib.import_module(f"tests.wide.frameworks.clients.{name}").connect
    async with serving(muse, transport) as target:
        for check in await exercise(connect, target, json.loads(Path(calls).read_text())):
            print(json.dumps(check._asdict()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
