"""`query.compare`: metrics on two sides, how much they differ, and whether that is better or worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chimera_metrics import analytics
from chimera_metrics.analytics import CompareArguments, Metric, Question, Sizes, Window, metrics_of
from chimera_metrics.analytics.arguments import conditions, text
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.questions.both_windows import SIDE, WHOLE
from chimera_metrics.analytics.questions.compare import (
    MAX_COMPARED,
    Side,
    adds_up,
    first_row_of_commit,
    kind_of_difference,
)
from chimera_metrics.analytics.questions.question import utc
from chimera_metrics.analytics.questions.sides import stretch, two_windows, whole_days
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import Shaper, marks
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.beginnings import filled
from chimera_metrics.integrations.questions.figures import figure, only_partial, reason_of
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.questions.wording import listed
from chimera_metrics.integrations.results import CompareResult
from chimera_metrics.integrations.results.picture import Form, drawn_by
from chimera_metrics.models import FACT_TABLES

if TYPE_CHECKING:
    from chimera_metrics.analytics import inference

Group = tuple[Any, ...]

COMMIT_DAYS = 28
_WEEK = timedelta(days=7)
_NAMED = 5
_RANK = {"worse": 0, "better": 1, "unclear": 2, "same": 3}
_DEFAULT_OF_COMMITS = "bench_runs"


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one group on both sides, and what that means."""

    metric: Metric
    group: Group
    found: inference.Difference
    verdict: str


def compare(client: Access, given: CompareArguments, cancellation: Cancellation | None = None) -> CompareResult:
    """Every metric, of every group, on both sides: the change with its interval, and the verdict."""
    asking = Asking(client, cancellation)
    with_what = _compared_with(given)
    window = asking.window_asked(given, COMMIT_DAYS if given.commit else 7)
    baseline = asking.baseline_asked(given, window)
    if with_what == "commit":
        baseline, window = _around(asking, given.commit, metrics_of(given.metrics)[0].table, whole_days(window))
    sizes = Sizes()
    if with_what in ("weeks", "baseline"):
        sizes = asking.sizes(stretch(*two_windows(window, baseline)), metrics_of(given.metrics))
    asked = analytics.compare(given, window=window, baseline=baseline, cut=with_what == "commit", sizes=sizes)
    compared = judge(asking, asked)
    _note(asking, asked, compared, window)
    described = [_described(one, asked) for one in compared]

    def build(most: int) -> dict[str, Any]:
        cut = f"{most} of {len(described)} comparisons are shown; all were corrected for. Filter to see others."
        return {
            "comparisons": described[:most],
            "notes": [*asking.notes, *([cut] if most < len(described) else [])],
            "source": asked.second.by_day.source,
            "sql": asking.sql,
            "window": asked.second.window.as_dict(),
            "baseline_window": asked.first.window.as_dict(),
        }

    result = asking.fit(CompareResult, build, points=max(1, len(described)))

    def draw(form: Form) -> bytes:
        from chimera_metrics.integrations.charts import compare_chart

        return compare_chart(build(len(described)), form)

    drawn_by(result, draw, given.chart)
    return result


def judge(asking: Asking, asked: analytics.Compare) -> list[Compared]:
    """Both sides read, and every metric of every group judged; all of them are one family."""
    compared = [one for one, _ in judge_together(asking, [asked])]
    if asked.group_by:
        compared.sort(key=lambda one: (_RANK[one.verdict], 1.0 if one.found.p_value is None else one.found.p_value))
    return compared


def judge_together(asking: Asking, questions: Sequence[analytics.Compare]) -> list[tuple[Compared, tuple[str, ...]]]:
    """Several comparisons judged as one family, each metric and group beside the columns that it is grouped by."""
    from chimera_metrics.analytics import inference

    cases = [(asked.group_by, *case) for asked in questions for case in _cases(asking, asked)]
    found = inference.adjusted([difference for *_, difference in cases])
    return [
        (Compared(metric, group, one, inference.verdict_of(one, metric.better)), group_by)
        for (group_by, metric, group, _), one in zip(cases, found, strict=True)
    ]


def _cases(asking: Asking, asked: analytics.Compare) -> list[tuple[Metric, Group, inference.Difference]]:
    """The difference of every metric in every group, as yet corrected for nothing."""
    first, second = _together(asking, asked) if asked.together is not None else _apart(asking, asked)
    groups = list(dict.fromkeys((*second.days, *first.days))) or ([] if asked.group_by else [()])
    return [
        (metric, group, _difference(metric, group, first, second, asked.apart))
        for metric in asked.metrics
        for group in groups
    ]


@dataclass(frozen=True, slots=True)
class _Read:
    """One side's rows by group, the values over all days by group, the days that it has, as ordinal numbers, and
    whether it has values, but on no whole day."""

    days: Mapping[Group, Sequence[Row]]
    whole: Mapping[Group, Row]
    every: Sequence[int]
    is_cut: bool


def _together(asking: Asking, asked: analytics.Compare) -> list[_Read]:
    """Both windows, from one statement."""
    rows = [] if asked.together is None else asking.read(asked.together).mappings()
    sides = []
    for number, side in enumerate((asked.first, asked.second)):
        own = [row for row in rows if row[SIDE] == number]
        days, whole = ([_without_marks(row) for row in own if row[WHOLE] == is_whole] for is_whole in (0, 1))
        sides.append(_side(asking, side, asked, days, whole))
    return sides


def _without_marks(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in (SIDE, WHOLE)}


def _apart(asking: Asking, asked: analytics.Compare) -> list[_Read]:
    """Each side from statements of its own."""
    sides = []
    for side in (asked.first, asked.second):
        whole = [] if side.whole is None else asking.read(side.whole.select).mappings()
        sides.append(_side(asking, side, asked, asking.read(side.by_day.select).mappings(), whole))
    return sides


def _side(asking: Asking, side: Side, asked: analytics.Compare, by_day: Sequence[Row], whole: Sequence[Row]) -> _Read:
    question = side.by_day
    rows = filled(asking, question, by_day, asked.metrics)
    note_unknown(asking, rows, {metric.label: metric for metric in asked.metrics}, side.filters)
    by_group: dict[Group, list[Row]] = {}
    for row in rows:
        row["day"] = row["ts"].astimezone(side.window.zone).date().toordinal()
        own = by_group.setdefault(question.group_of(row), [])
        if asked.apart is None or not row["partial"]:
            own.append(row)
    every = [bucket.start.astimezone(side.window.zone).date().toordinal() for bucket in question.buckets()]
    is_cut = only_partial(rows, "day", *(metric.label for metric in asked.metrics)) is not None
    return _Read(by_group, {question.group_of(row): row for row in whole}, every, is_cut)


def _difference(metric: Metric, group: Group, first: _Read, second: _Read, apart: int | None) -> inference.Difference:
    from chimera_metrics.analytics import inference

    kind = kind_of_difference(metric)
    a, b = (_daily(metric, group, side, kind == "total", apart) for side in (first, second))
    if kind is None:
        reason = inference.Reason("not_estimated", "Lowest and highest values of two windows have no interval by days.")
        return inference.undecided(a, b, reason)
    if group in first.days and group not in second.days and kind == "total":
        b = inference.DailySide(second.every, [0.0] * len(second.every), [0] * len(second.every))
    is_rate = metric.aggregate.name == "rate"
    found = inference.difference(a, b, kind=kind, apart=apart, is_rate=is_rate)
    if found.reason is not None and found.reason.code == "no_data" and (first.is_cut or second.is_cut):
        where = "this window" if second.is_cut else "the baseline"
        text = f"No whole day is over in {where}, and whole days are compared; take a longer window."
        return replace(found, reason=inference.Reason("no_data", text))
    return found


def _daily(metric: Metric, group: Group, side: _Read, is_total: bool, apart: int | None) -> inference.DailySide:
    """The metric's days. A total of a day that was cut is none; what is not paired is a total a day."""
    from chimera_metrics.analytics import inference

    rows = [row for row in side.days.get(group, ()) if not (is_total and row["partial"])]
    whole = None if adds_up(metric) else side.whole.get(group, {}).get(metric.label)
    if is_total and apart is None:
        whole = None
    return inference.DailySide(
        [row["day"] for row in rows],
        [row[metric.label] for row in rows],
        [row[f"{metric.label}_n"] or 0 for row in rows],
        None if whole is None else float(whole),
    )


def _compared_with(given: CompareArguments) -> str:
    """What the window is compared with: weeks, baseline, groups or commit; a QuestionError where that is not one."""
    groups = [bool(conditions(one)) for one in (given.a_filters, given.b_filters)]
    stated = {"baseline": given.baseline_since is not None, "groups": any(groups), "commit": bool(given.commit)}
    if sum(stated.values()) > 1:
        raise QuestionError(
            "Compare with one thing at a time: `baseline_since`, `a_filters` with `b_filters`, or `commit`; leave the "
            "others out."
        )
    if any(groups) and not all(groups):
        raise QuestionError("`a_filters` and `b_filters` are two groups of the same window; give both.")
    default = "weeks" if given.commit is None else "commit"
    return next((name for name, is_stated in stated.items() if is_stated), default)


def _around(asking: Asking, commit: str | None, table: str, window: Window) -> tuple[Window, Window]:
    """The window before the commit's first row, and from it on; runs of benchmarks say when, where the table cannot."""
    commit = text("commit", commit, "3f2a91c").strip().lower()
    if not commit or any(letter not in "0123456789abcdef" for letter in commit):
        raise QuestionError(
            f"`commit` is '{commit}'; give the hexadecimal digits of a commit, all 40 or the first ones."
        )
    known = table if "commit_sha" in FACT_TABLES[table].columns else _DEFAULT_OF_COMMITS
    [row] = asking.read(first_row_of_commit(known, commit, window)).mappings()
    if not row["n"]:
        raise QuestionError(
            f"No row of {known} from {window.since:%Y-%m-%d} to {window.until:%Y-%m-%d} has a commit that begins with "
            f"{commit}; take a longer window, or group query.aggregate by commit_sha to see those that ran."
        )
    moment = utc(row["first"])
    if moment <= window.since:
        raise QuestionError(f"The window begins with the commit {commit}; begin it earlier, with a larger `days`.")
    return replace(window, until=moment), replace(window, since=moment)


def _note(asking: Asking, asked: analytics.Compare, compared: Sequence[Compared], window: Window) -> None:
    questions: list[Question] = [asked.first.by_day, asked.second.by_day]
    asking.note_approximations(questions)
    if asked.second.window.until < window.until:
        asking.notes.append("Whole days are compared; today so far is left out.")
    if asked.apart is None:
        _note_unpaired(asking, asked)
    if any(len({one.group for one in compared}) >= MAX_COMPARED for _ in asked.group_by[:1]):
        asking.notes.append(f"The {MAX_COMPARED} groups with the most rows on each side are compared.")
    neutral = [
        one
        for one in compared
        if one.metric.better == "neutral" and one.found.p_adjusted is not None and one.found.p_adjusted < 0.05
    ]
    if neutral:
        asking.notes.append(
            f"{_named(neutral, asked.group_by)} changed clearly; whether that is better, the catalog does not say."
        )
    unpaired = [f"{one.found.unpaired} of {_named([one], asked.group_by)}" for one in compared if one.found.unpaired]
    if unpaired:
        asking.notes.append(f"Days with a value on one side only are left out, also of a and b: {_some(unpaired)}.")
    asking.notes += marks({"group": [word for one in compared for word in one.group]})


def _named(found: Sequence[Compared], names: Sequence[str]) -> str:
    """The metrics, each with its groups: llm.calls of gpt and claude."""
    groups: dict[str, list[str]] = {}
    for one in found:
        groups.setdefault(one.metric.text, []).append(", ".join(str(Shaper().value(word)) for word in one.group))
    return listed([f"{metric} of {_some(of)}" if names else metric for metric, of in groups.items()])


def _some(names: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return listed([*names[:_NAMED], *more])


def _note_unpaired(asking: Asking, asked: analytics.Compare) -> None:
    """What sides that do not pair day by day are compared by."""
    totals = [kind_of_difference(metric) == "total" for metric in asked.metrics]
    if any(totals):
        asking.notes.append("Counts and sums are per day: the sides do not pair day by day.")
    shortest = min(one.window.until - one.window.since for one in (asked.first, asked.second))
    if shortest < _WEEK and (any(totals) or any(map(adds_up, asked.metrics))):
        asking.notes.append("One side is under a week: both are compared over the weekdays that both have.")


def _described(one: Compared, asked: analytics.Compare) -> dict[str, Any]:
    found = one.found
    return {
        "metric": one.metric.text,
        "group": group_shown(one.group, asked.group_by),
        "a": figure(found.first),
        "b": figure(found.second),
        "change": figure(found.change),
        "change_pct": figure(found.change_pct, 4),
        "low": figure(found.low),
        "high": figure(found.high),
        "p_adjusted": figure(found.p_adjusted, 4),
        "verdict": one.verdict,
        "n_a": found.n_first,
        "n_b": found.n_second,
        "reason": reason_of(found.reason, {"the metric": one.metric.text}),
    }


def group_shown(group: Group, names: Sequence[str]) -> Any:
    """The group as an answer has it: its word, several words by column, None without groups."""
    words = [Shaper().value(word) for word in group]
    return None if not names else words[0] if len(names) == 1 else dict(zip(names, words, strict=True))
