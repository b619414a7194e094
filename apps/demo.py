"""`make demo`: the main job on real-shaped input, from an empty folder to answered questions.

A new embedded store, its migrations, `samples/` ingested, the real server as a subprocess, every tool called through an
MCP client over stdio, and the answers printed so that a person can read them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import mcp
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import ImageContent
from rich.console import Console
from rich.table import Table

from chimera_metrics.apps.terminal import write_any_text
from chimera_metrics.server.catalog.names import underscored

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "demo-output"
DAYS = 36

console = Console(width=110, highlight=False, soft_wrap=False)


def main() -> int:
    write_any_text()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    # The demo is about a store of its own, whatever the shell's settings say.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CH_", "MUSE_"))}
    environment["CH_PATH"] = str(OUTPUT / "store")
    step("1. A new store: muse upgrade")
    run(environment, "muse", "upgrade")
    step("2. Real-shaped input: muse backfill --days 36 --source samples --shift-to-now")
    run(environment, "muse", "backfill", "--days", str(DAYS), "--source", "samples", "--shift-to-now")
    step("3. The server, as a client starts it: muse serve; every tool called over stdio")
    anyio.run(converse, environment)
    step("4. The operator's view: muse status, muse verify")
    run(environment, "muse", "status")
    run(environment, "muse", "verify")
    console.print(f"\nDone. The store is in {OUTPUT.relative_to(ROOT)}/store; ask it yourself:")
    console.print(f"  CH_PATH={OUTPUT.relative_to(ROOT)}/store .venv/bin/muse serve")
    return 0


def step(title: str) -> None:
    console.print(f"\n[bold]{title}[/bold]")


def run(environment: Mapping[str, str], command: str, *arguments: str) -> None:
    """Runs one of the project's commands and shows what it says, indented."""
    program = Path(sys.executable).with_name(command)
    done = subprocess.run([program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    for line in (done.stdout + done.stderr).splitlines():
        console.print(f"   {line}", markup=False)
    if done.returncode:
        raise SystemExit(f"{command} {' '.join(arguments)} failed")


async def converse(environment: dict[str, str]) -> None:
    server = StdioServerParameters(
        command=str(Path(sys.executable).with_name("muse")), args=["serve"], env=environment, cwd=str(ROOT)
    )
    started = time.perf_counter()
    async with mcp.Client(stdio_client(server)) as client:
        await client.call_tool("query", {"sql": "SELECT 1"})
        console.print(f"   first answer after {time.perf_counter() - started:.1f} s, start of the process included")
        offered = {tool.name for tool in (await client.list_tools()).tools}
        for call in CALLS:
            if call.name in offered:
                await call.show(client)
                offered.discard(call.name)
        if offered:
            raise SystemExit(f"The demo does not call {', '.join(sorted(offered))}.")


class DemoCall:
    """One call of a tool, with the question that it answers and what to show of the answer."""

    def __init__(self, tool: str, question: str, **arguments: Any) -> None:
        self.tool = tool
        #: As this client, whose program nobody knows, sees it listed.
        self.name = underscored(tool)
        self.question = question
        self.arguments = arguments

    async def show(self, client: mcp.Client) -> None:
        started = time.perf_counter()
        result = await client.call_tool(self.name, self.arguments)
        elapsed = (time.perf_counter() - started) * 1000
        console.print(f"\n   [bold cyan]{self.tool}[/bold cyan] — {self.question} [dim]({elapsed:.0f} ms)[/dim]")
        if result.is_error or result.structured_content is None:
            raise SystemExit(f"{self.tool} failed: {result.content}")
        SHOW.get(self.tool, show_insert)(result.structured_content)
        for picture in (block for block in result.content if isinstance(block, ImageContent)):
            file = OUTPUT / f"{self.tool.partition('.')[2]}.png"
            file.write_bytes(b64decode(picture.data))
            console.print(f"   drawn: {file.relative_to(ROOT)}")


def show_rows(answer: Mapping[str, Any]) -> None:
    table([column["name"] for column in answer["columns"]], answer["rows"])


def show_insert(answer: Mapping[str, Any]) -> None:
    counts = {name: answer[name] for name in ("received", "inserted", "duplicates", "rejected_count")}
    console.print("   " + ", ".join(f"{name.replace('_count', '')} {count}" for name, count in counts.items()))
    for rejected in answer["rejected"]:
        console.print(f"   row {rejected['index']}: {rejected['error']}", markup=False)
    if "masked" in answer:
        console.print(f"   masked: {answer['masked']}", markup=False)


def show_description(answer: Mapping[str, Any]) -> None:
    rows = [[t["name"], t["rows"], t["oldest"], t["newest"], t["meaning"]] for t in answer["tables"]]
    table(["table", "rows", "oldest", "newest", "meaning"], rows)
    console.print(f"   and {len(answer['metrics'])} metrics, such as {answer['metrics'][0]['name']}")


def table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    shown = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    shown.add_column("  ")
    for index, name in enumerate(names):
        numeric = all(isinstance(row[index], int | float) for row in rows)
        shown.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row("  ", *(plain(value) for value in row))
    console.print(shown)


def plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1 else f"{value:,.1f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = str(value)
    return text[:19].removesuffix("T00:00:00") if text[4:5] == "-" and "T" in text else text


def say(text: str) -> None:
    console.print(f"   {text}", markup=False)


def say_all(answer: Mapping[str, Any]) -> None:
    for text in (*answer.get("cautions", []), *answer.get("notes", [])):
        say(f"· {text}")


def show_correlation(answer: Mapping[str, Any]) -> None:
    r, low, high = answer.get("coefficient", answer.get("correlation")), answer["ci_low"], answer["ci_high"]
    say(f"r = {r:.2f} (95 %: {low:.2f} to {high:.2f}), p = {answer['p_value']:.2g}, n = {answer['n']}")
    if "confidence" in answer:
        say("confidence: " + ", ".join(f"{name} {plain(value)}" for name, value in answer["confidence"].items()))
        rows = [[p["hearts"], p["packs"], p["coefficient"], p["p_adjusted"], p["n"]] for p in answer["pairs"]]
        table(["hearts", "packs", "r", "p adjusted", "n"], rows)
    say_all(answer)


def show_trend(answer: Mapping[str, Any]) -> None:
    fields = ["group", "n", "slope_per_day", "slope_low", "slope_high", "p_value", "direction"]
    table(fields, [[series[name] for name in fields] for series in answer["series"]])
    for series in answer["series"]:
        for change in series["change_points"]:
            commit = f", commit {change['commit_sha'][:10]}" if change["commit_sha"] else ""
            levels = f"from {plain(change['before'])} to {plain(change['after'])}"
            say(f"the level of {series['group'] or answer['metric']} changed {levels} on {change['ts'][:10]}{commit}")
    say_all(answer)


def show_forecast(answer: Mapping[str, Any]) -> None:
    if answer["total"] is not None:
        total = {name: plain(value) for name, value in answer["total"].items()}
        unit = f" {answer['unit']}" if answer["unit"] else ""
        ends = f"80 %: {total['low_80']} to {total['high_80']}"
        say(f"the next {answer['horizon']} {answer['granularity']}s in all: {total['value']}{unit} ({ends})")
    table(answer["forecast"]["columns"][:4], [row[:4] for row in answer["forecast"]["rows"]])
    say_all(answer)


def show_anomalies(answer: Mapping[str, Any]) -> None:
    say(f"{len(answer['anomalies'])} of {answer['judged']} buckets odd; {len(answer['not_judged'])} series not judged")
    fields = ["metric", "group", "ts", "value", "expected", "p_adjusted"]
    if answer["anomalies"]:
        table(fields, [[odd[name] for name in fields] for odd in answer["anomalies"]])
    say_all(answer)


def show_performance(answer: Mapping[str, Any]) -> None:
    fields = ["model", "quant", "dataset", "runs", "latency_p95_ms", "tokens_per_sec"]
    rows = [[*(g[name] for name in fields), g["change_pct"].get("latency_p95_ms")] for g in answer["groups"]]
    table([*fields, "p95 %"], rows)
    for group in answer["groups"]:
        for one in group["regressions"]:
            levels = f"{one['measure']} from {plain(one['before'])} to {plain(one['after'])}"
            say(f"worse: {group['model']} {group['quant']}, {levels}, since commit {one['commit_sha'][:10]}")
    say_all(answer)


def show_comparison(answer: Mapping[str, Any]) -> None:
    fields = ["metric", "group", "a", "b", "change_pct", "verdict"]
    table(fields, [[one[name] for name in fields] for one in answer["comparisons"]])
    say_all(answer)


def show_drivers(answer: Mapping[str, Any]) -> None:
    if "reason" in answer:
        say(answer["reason"]["text"])
    for one in answer["drivers"]:
        where = ", ".join(f"{name} = {value}" for name, value in one["where"].items()) or "everywhere"
        say(f"{where}: {plain(one['share_pct'])} % of the change, by {one['kind']}")
    say_all(answer)


def show_watches(answer: Mapping[str, Any]) -> None:
    if "removed" in answer:
        say(f"removed: {answer['removed']}")
        return
    listed = answer.get("watches", [answer])
    say("; ".join(f"{one['name']}: {one['metric']} by {one['granularity']}, {one['when']}" for one in listed))
    say_all(answer)


def show_quality(answer: Mapping[str, Any]) -> None:
    for section in ("episodes", "deployments", "llm", "ui", "pipeline"):
        say(f"{section}: " + ", ".join(f"{name} {plain(value)}" for name, value in answer[section].items()))


SHOW = {
    "query": show_rows,
    "describe": show_description,
    "query.aggregate": show_rows,
    "query.correlation": show_correlation,
    "query.trend": show_trend,
    "query.compare": show_comparison,
    "query.drivers": show_drivers,
    "query.forecast": show_forecast,
    "query.anomalies": show_anomalies,
    "get.correlation_data": show_correlation,
    "get.trend_data": show_trend,
    "get.performance_summary": show_performance,
    "get.quality_metrics": show_quality,
    **dict.fromkeys(("watch.set", "watch.list", "watch.remove"), show_watches),
}

CALLS = [
    DemoCall("describe", "What is in the store?"),
    DemoCall(
        "query",
        "Which models ran, how often, how fast?",
        sql="SELECT model, count() AS runs, round(avg(latency_p95_ms), 1) AS p95_ms, round(avg(tokens_per_sec), 1) AS "
        "tokens_per_sec FROM bench_runs WHERE ts >= {since:DateTime} GROUP BY model ORDER BY runs DESC",
        parameters={"since": "2020-01-01 00:00:00"},
    ),
    DemoCall(
        "query.aggregate",
        "What do the models cost, and how often do they fail?",
        metrics=["llm.calls", "llm.error_rate", "llm.cost_usd", "llm.latency_p95_ms"],
        group_by=["source", "model"],
        days=DAYS,
    ),
    DemoCall("get.performance_summary", "What got worse this week, and since which commit?", days=7, chart=True),
    DemoCall(
        "query.trend",
        "How has the latency of that benchmark changed?",
        metric="bench.latency_p95_ms",
        filters=[
            {"column": "model", "op": "=", "value": "llama-3.1-8b-instruct"},
            {"column": "quant", "op": "=", "value": "q4_k_m"},
        ],
        days=35,
        chart=True,
    ),
    DemoCall(
        "query.correlation",
        "Do users feel what the benchmarks measure, and do they feel it later?",
        x="bench.latency_p95_ms",
        y="ui.latency_mean_ms",
        max_lag=3,
        chart=True,
    ),
    DemoCall(
        "query.compare",
        "Is it better or worse than a week ago?",
        metrics=["llm.error_rate", "llm.cost_usd", "llm.calls"],
    ),
    DemoCall("query.drivers", "Why did cost move?", metric="llm.cost_usd"),
    DemoCall("query.forecast", "What will the models cost next week?", metric="llm.cost_usd", chart=True),
    DemoCall("query.anomalies", "What was odd yesterday?", granularity="day", chart=True),
    DemoCall("get.correlation_data", "The same for all pairs of measures, with its confidence", days=30),
    DemoCall("get.trend_data", "Is the interface getting slower?", metric="ui.latency_p95_ms", days=30),
    DemoCall("get.quality_metrics", "How is the pipeline?", days=30),
    DemoCall(
        "insert.bench_runs",
        "Store a run; a second with a wrong latency is left out",
        on_invalid="skip",
        rows=[
            {"run_id": f"00000000-0000-4000-8000-00000000000{n}", "model": "demo", "quant": "q8_0", "dataset": "demo"}
            | {"latency_p95_ms": latency}
            for n, latency in enumerate([412.5, "fast"])
        ],
    ),
    DemoCall(
        "insert.llm_events",
        "Store a failed call; its message holds an e-mail address",
        rows=[
            {
                "source": "council",
                "model": "demo",
                "operation": "write_episode",
                "status": "failure",
                "error_msg": "quota of jane.doe@example.org is used up",
            }
        ],
    ),
    DemoCall(
        "insert.ui_events",
        "Store an event",
        rows=[
            {
                "session_id": "00000000-0000-4000-8000-000000000001",
                "event_type": "overlay_open",
                "latency_ms": 35.2,
                "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/126.0.0.0 Safari/537.36",
            }
        ],
    ),
    DemoCall(
        "insert.episodes",
        "Store an episode",
        rows=[{"series": "demo", "episode_num": 1, "title": "Latency and its discontents", "confidence_score": 0.8}],
    ),
    DemoCall("insert.deployments", "Store a deployment", rows=[{"status": "ready", "duration_ms": 41250.0}]),
    DemoCall("insert.watcher_runs", "Store a check", rows=[{"status": "valid", "lag_seconds": 42.0}]),
    DemoCall(
        "insert.session_stats",
        "Store a session",
        rows=[
            {
                "hour": f"{datetime.now(UTC):%Y-%m-%dT%H}:00:00Z",
                # Not the session of the event above, from which `muse verify` would expect other sums.
                "session_id": "00000000-0000-4000-8000-000000000002",
                "error_rate": 0,
                "abandonment_rate": 1,
                "events_count": 1,
                "duration_seconds": 0,
            }
        ],
    ),
    DemoCall("watch.set", "Be told when errors change", name="errors", metric="llm.error_rate", when="change"),
    DemoCall("watch.list", "What is watched?"),
    DemoCall("watch.remove", "No longer", name="errors"),
]

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
