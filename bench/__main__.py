"""`make bench`: every benchmark in turn, each as a table of ratios; `python -m bench NAME …` runs some of them.

Each stands for itself too (`python -m bench.startup --help`). Long ones (honesty, reliability, 100 million rows) run by
their own command only.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

# Name, what it shows, its arguments here.
BENCHMARKS = (
    ("startup", "start to first answer, beside an empty server on the same SDK", ()),
    ("sharing", "two servers and `muse status` on one store", ()),
    ("validation", "checking and masking rows", ()),
    ("storage", "bytes per row, and what codecs, indexes and rollups buy", ()),
    ("writes", "inserts, beside clickhouse-connect's plain insert", ()),
    ("surface", "the tools, beside mcp-clickhouse", ()),
    ("bursts", "bursts of calls over stdio: none lost, doubled or misrouted", ("--calls", "3600")),
    ("analytics", "the analytics tools, beside the best hand-written SQL", ()),
    ("doors", "what others wait for while connections are held open", ()),
    ("servers", "two servers behind haproxy, one killed every ten seconds", ("--rows", "1000000", "--seconds", "30")),
    ("status", "`muse status` on a large store", ()),
    ("story", "the samples' regression at hours of a week", ("--hours", "7")),
)


def main(names: list[str]) -> int:
    known = {name for name, _, _ in BENCHMARKS}
    unknown = sorted(set(names) - known)
    if unknown:
        print(f"No benchmark {unknown[0]!r}; there are {', '.join(sorted(known))}.", file=sys.stderr)
        return 2
    failed = 0
    for name, shows, arguments in BENCHMARKS:
        if (names and name not in names) or find_spec(f"bench.{name}") is None:
            continue
        print(f"\n== {name}: {shows}\n", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments], check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
