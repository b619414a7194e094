"""`muse retention`: set, look, apply."""

from __future__ import annotations

from tests.apps.support import Shell


def test_set_look_and_apply(shell: Shell) -> None:
    assert "Nothing is removed yet" in shell.run("muse", "retention", "set", "ui_events", "--keep-days", "10").stdout
    dry = shell.run("muse", "retention", "apply").stdout
    assert "This was a dry run: `muse retention apply --yes` removes them." in dry
    shown = {plan["table"]: plan for plan in shell.json("muse", "retention", "show")}
    assert shown["ui_events"]["keep_days"] == 10
    assert shown["ui_events"]["rows_to_go"] > 0
    assert "Removed " in shell.run("muse", "retention", "apply", "--yes").stdout
    assert "Nothing is older than the rules keep." in shell.run("muse", "retention", "apply", "--yes").stdout
    shell.run("muse", "verify")


def test_mistakes(shell: Shell) -> None:
    assert (
        "Name either --keep-days N or --keep-all." in shell.run("muse", "retention", "set", "ui_events", code=2).stderr
    )
    assert "Unknown table 'x'" in shell.run("muse", "retention", "set", "x", "--keep-all", code=1).stderr
