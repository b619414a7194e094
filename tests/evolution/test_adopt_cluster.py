"""What `muse adopt` says of tables that stand on one server of a cluster; that it makes them replicated is shown on a
real Keeper by `make test-wide`."""

from __future__ import annotations

from dataclasses import replace

from chimera_metrics.integrations.evolution.adopt import AdoptReport, TableReport

REPORT = AdoptReport(
    where="node:9440",
    database="shop",
    recorded=("0005",),
    matches="0005",
    head="0005",
    tables=(TableReport("ui_events", "same"),),
)


def test_tables_of_one_server_are_not_settled_on_a_cluster() -> None:
    alone = replace(REPORT, alone=("alembic_version", "ui_events"))
    assert (REPORT.settled, alone.settled) == (True, False)
    assert alone.sentence == (
        "shop on node:9440 is at revision 0005, as recorded. 2 tables are on this server alone: adopting makes them "
        "the cluster's, in place. Let nothing write to them meanwhile."
    )


def test_tables_that_a_server_of_the_cluster_lacks_are_not_settled() -> None:
    lacking = replace(REPORT, lacking=("ui_events",))
    assert not lacking.settled
    assert lacking.sentence.endswith("1 tables are not on every server of the cluster: adopting makes them there.")


def test_a_rollup_that_lacks_rows_does_not_make_the_revision_unknown() -> None:
    behind = replace(REPORT, behind=("ui_events_hourly lacks 3 rows of ui_events",))
    assert behind.sentence.startswith(
        "shop on node:9440 is at revision 0005, as recorded. ui_events_hourly lacks 3 rows"
    )
