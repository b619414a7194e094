"""Setting, listing and removing watches, silencing, acknowledging, and the round in which all watches are judged."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from chimera_metrics.analytics import metric_of
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import iso, marks
from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.store_form import require
from chimera_metrics.integrations.errors import InvalidInput, MuseError
from chimera_metrics.integrations.questions.asking import Asking
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.watches.book import Alarm, Book, StoredWatch
from chimera_metrics.integrations.watches.definition import checked_name, define
from chimera_metrics.integrations.watches.judging import Look, look, newest_bucket
from chimera_metrics.integrations.watches.turns import Turn, Turns
from chimera_metrics.integrations.watches.webhooks import deliver_waiting

MOST = 100
"""Watches at once."""
SHOWN = 50
"""Alarms in one answer."""
AGAIN_AFTER = timedelta(minutes=5)
"""A look that failed is tried again after so long."""
_log = logging.getLogger(__name__)


def watch_set(
    client: Access,
    name: str,
    metric: str,
    when: str = "change",
    *,
    granularity: str = "day",
    group_by: str | Sequence[str] | None = None,
    filters: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    value: float | None = None,
    clear: float | None = None,
    webhook: str | None = None,
) -> Result:
    """Sets a watch, or sets it anew; the same definition again changes nothing."""
    book, now = Book(client.executor), datetime.now(UTC)
    made = define(client.muse, metric, when, granularity, group_by, filters, value, clear, webhook, now)
    stands = {one.name: one for one in book.watches()}
    known = stands.get(checked_name(name))
    if known is not None and known.definition.as_json() == made.as_json():
        return _set(client, known, book)
    if known is None and len(stands) >= MOST:
        raise InvalidInput(f"{MOST} watches are set, which is the most; remove one first.")
    watch = StoredWatch(name, made, _to_ms(now), known.silenced_until if known else None, _who())
    book.write(watch)
    return _set(client, watch, book)


def _set(client: Access, watch: StoredWatch, book: Book) -> Result:
    """The watch as it stands, with a note on values that no row has: such a watch looks at nothing."""
    asking, metric = Asking(client), metric_of(watch.definition.metric)
    note_unknown(asking, [], {"value": metric}, watch.definition.filters)
    answer = _shown(client, watch, book)
    answer["notes"] += asking.notes
    return answer


def watch_remove(client: Access, name: str) -> Result:
    """Removes a watch; its alarms stay on record."""
    book = Book(client.executor)
    watch = book.watch(name)
    book.write(replace(watch, set_by=_who()), removed=True)
    return Result.of({"removed": name})


def watch_list(client: Access) -> Result:
    """All watches, each with its newest look, and the newest alarms."""
    book = Book(client.executor)
    alarms = book.alarms(limit=SHOWN + 1)
    watches = [_shown(client, watch, book) for watch in book.watches()]
    notes = [f"The newest {SHOWN} alarms are shown."] if len(alarms) > SHOWN else []
    notes += marks({"series": [alarm.series for alarm in alarms]})
    return Result.of({"watches": watches, "alarms": [shown_alarm(one) for one in alarms[:SHOWN]], "notes": notes})


def alarm_list(client: Access, watch: str | None = None) -> Result | None:
    """The newest alarms, of all watches or of one; None where there is no such watch and never was an alarm of it."""
    book = Book(client.executor)
    condition = "1" if watch is None else f"watch = {quote(watch)}"
    alarms = book.alarms(condition, limit=SHOWN + 1)
    if watch is not None and not alarms and watch not in {one.name for one in book.watches()}:
        return None
    notes = [f"The newest {SHOWN} alarms are shown."] if len(alarms) > SHOWN else []
    notes += marks({"series": [alarm.series for alarm in alarms]})
    shown = [shown_alarm(one) for one in alarms[:SHOWN]]
    return Result.of({"open": sum(one.open for one in alarms), "alarms": shown, "notes": notes})


def silence(client: Access, name: str, until: datetime) -> None:
    """No webhooks of the watch until then, a time to come; alarms go on record all the same."""
    if until <= datetime.now(UTC):
        raise InvalidInput(
            f"{until:%Y-%m-%d %H:%M} UTC is past; give a time to come (to end a silence, one a minute from now)."
        )
    book = Book(client.executor)
    book.write(replace(book.watch(name), silenced_until=_to_ms(until)))


def acknowledge(client: Access, alarm_id: str, who: str | None = None) -> Alarm:
    """Notes that somebody has seen the alarm."""
    book = Book(client.executor)
    try:
        found = book.alarm(UUID(alarm_id))
    except ValueError:
        raise InvalidInput(f"{alarm_id[:60]!r} is no alarm's id; `muse watch list` shows them.") from None
    if found is None:
        raise InvalidInput(f"There is no alarm {alarm_id}; `muse watch list` shows them.")
    return found if found.acknowledged_at else book.acknowledge(found, who or _who(), _to_ms(datetime.now(UTC)))


def run(client: Access) -> Result:
    """One round: every watch whose bucket is over is judged by one server, then webhooks that are due are sent."""
    require(client.executor)
    book, turns, now = Book(client.executor), Turns(client.executor), datetime.now(UTC)
    looks = raised = 0
    problems: list[str] = []
    for watch in book.watches():
        try:
            found = _judge(client, book, turns, watch)
        except MuseError as error:
            problems.append(f"{watch.name}: {error}")
            _log.warning("The watch %s was not judged: %s", watch.name, error)
            continue
        looks += found is not None
        raised += len(found.raised) if found is not None else 0
    delivered, failed = deliver_waiting(turns, client.muse, now)
    return Result.of({"looks": looks, "raised": raised, "delivered": delivered, "failed": failed, "problems": problems})


def _judge(client: Access, book: Book, turns: Turns, watch: StoredWatch) -> Look | None:
    """The look at the newest bucket; None where it was taken already, or is another server's."""
    newest = newest_bucket(client, watch)
    if newest is None:
        return None
    prefix = f"{watch.name} {watch.since.isoformat()} "
    turn = turns.claim("look", f"{prefix}{newest.isoformat()}", datetime.now(UTC))
    if turn is None:
        return None
    last = turns.last_done("look", prefix)
    try:
        alarms = book.alarms_of(watch)
        found = look(client, watch, newest, datetime.fromisoformat(last[1]["newest"]) if last else None, alarms)
        _record(book, turns, watch, found, {alarm.alarm_id for alarm in alarms})
    except MuseError as error:
        _failed(turns, turn, error)
        raise
    notes = list(dict.fromkeys(found.notes))
    turns.end(turn, "done", datetime.now(UTC), {"newest": newest.isoformat(), "series": found.series, "notes": notes})
    return found


def _failed(turns: Turns, turn: Turn, error: MuseError) -> None:
    now = datetime.now(UTC)
    turns.end(turn, "failed", now, {"error": str(error)[:500]}, now + AGAIN_AFTER)


def _record(book: Book, turns: Turns, watch: StoredWatch, found: Look, known: set[UUID]) -> None:
    """Alarms as rows, log lines and messages in the outbox. Whoever takes over a look that died does the same again:
    ids, tokens and the outbox make it once."""
    now = _to_ms(datetime.now(UTC))
    over = {alarm.alarm_id for alarm in found.cleared}
    for alarm in found.cleared:
        book.write_alarm(replace(alarm, cleared_at=now))
        _log.info("Watch %s is well again: %s", watch.name, alarm.series)
    for alarm in found.raised:
        if alarm.alarm_id not in known | over:
            book.write_alarm(alarm)
        _log.warning("Alarm %s of watch %s: %s", alarm.alarm_id, watch.name, in_words(alarm))
        if watch.definition.webhook is not None and not watch.silent(now):
            told = replace(alarm, cleared_at=now) if alarm.alarm_id in over else alarm
            message = {"to": watch.definition.webhook, "message": shown_alarm(told) | {"text": in_words(alarm)}}
            turns.queue("webhook", str(alarm.alarm_id), message, datetime.now(UTC))  # sent in the order of the alarms


def in_words(alarm: Alarm) -> str:
    """One sentence on the alarm."""
    detail, of = alarm.detail, "" if alarm.series == "{}" else f" of {alarm.series}"
    metric, value = detail["metric"], detail["value"]
    if alarm.rule in ("change", "drift"):
        return f"{metric}{of} went {detail['direction']}, likely from {detail['first']} on; now {value}."
    return f"{metric}{of} is {value}, {alarm.rule} {detail['threshold']}."


def shown_alarm(alarm: Alarm) -> dict[str, Any]:
    """The alarm as answers and messages show it."""
    return {
        "id": str(alarm.alarm_id),
        "watch": alarm.watch,
        "series": alarm.series,
        "when": alarm.rule,
        "bucket": iso(alarm.bucket),
        "raised_at": iso(alarm.raised_at),
        "state": "cleared" if alarm.cleared_at else "acknowledged" if alarm.acknowledged_at else "open",
        **alarm.detail,
    }


def _shown(client: Access, watch: StoredWatch, book: Book) -> Result:
    rule, now = watch.definition, datetime.now(UTC)
    last = Turns(client.executor).last_done("look", f"{watch.name} {watch.since.isoformat()} ")
    shown = asdict(rule) | {"group_by": list(rule.group_by), "filters": [dict(one) for one in rule.filters]}
    return Result.of(
        {"name": watch.name}
        | shown
        | {
            "webhook": rule.webhook is not None,
            "since": iso(watch.since),
            "set_by": watch.set_by,
            "silenced_until": iso(watch.silenced_until) if watch.silent(now) and watch.silenced_until else None,
            "last_look": iso(last[0]) if last else None,
            "open_alarms": sum(alarm.open for alarm in book.alarms_of(watch)),
            "notes": list(last[1]["notes"]) if last else [],
        }
    )


def _who() -> str:
    serves = call.current()
    return serves.who if serves is not None and serves.who else call.LOCAL


def _to_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
