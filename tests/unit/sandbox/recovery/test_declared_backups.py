"""What a drill reads of the schedules, the catalog and its own journal, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.recovery.declared import Declared, interval_hours, own_schedules, promised, read_schedule
from sandbox.recovery.journal import Journal, read_journal

PROJECT = Path(__file__).resolve().parents[4]


def schedule(**changes: Any) -> dict[str, Any]:
    annotations = {"platform/loss-hours": "24", "platform/outage-minutes": "240"}
    spec = {"schedule": "5 3,15 * * *", "template": {"includedNamespaces": ["home"]}}
    return {"metadata": {"name": "tenant-a", "annotations": annotations}, "spec": spec, **changes}


@pytest.mark.parametrize(
    ("cron", "hours"),
    [
        ("5 3 * * *", 24.0),
        ("5 3,15 * * *", 12.0),
        ("0 * * * *", 1.0),
        ("0 0,1,12 * * *", 12.0),
        ("7 2,8,14,20 * * *", 6.0),
    ],
)
def test_the_longest_time_between_two_backups_is_read_from_the_schedule(cron: str, hours: float):
    assert interval_hours(cron) == hours


@pytest.mark.parametrize("cron", ["* * * * *", "5 3 * * 1", "@daily", "5 3-9 * * *"])
def test_times_that_nothing_here_declares_are_refused(cron: str):
    with pytest.raises((ValueError, SandboxError)):
        interval_hours(cron)


def test_a_schedule_says_what_it_covers_and_what_it_promises():
    read = read_schedule(schedule())
    assert (read.hours, read.loss_hours, read.outage_minutes) == (12.0, 24.0, 240.0)
    assert read.covers("home")
    assert not read.covers("other")


def test_a_schedule_with_a_selector_covers_no_namespace_whole():
    spec = {"schedule": "5 3 * * *", "template": {"labelSelector": {"matchLabels": {"a": "b"}}}}
    assert not read_schedule(schedule(spec=spec)).covers("home")


def test_a_schedule_that_promises_nothing_is_refused_with_what_to_write():
    with pytest.raises(SandboxError, match="does not say when it runs and what may be lost"):
        read_schedule(schedule(metadata={"name": "tenant-a"}))


def test_a_namespace_that_no_schedule_covers_is_refused():
    declared = Declared("velero", "default", (read_schedule(schedule()),))
    assert declared.schedule_of("home").name == "tenant-a"
    with pytest.raises(SandboxError, match="No schedule backs up the namespace other"):
        declared.schedule_of("other")


def test_the_catalog_says_what_may_be_lost_of_a_class():
    loss, outage = promised(PROJECT, "internal")
    assert loss >= 1
    assert outage >= 1
    with pytest.raises(SandboxError, match="does not say what may be lost of the class 'secret'"):
        promised(PROJECT, "secret")


def test_a_stack_without_schedules_gets_ones_that_are_marked_as_assumed():
    (assumed,) = own_schedules(PROJECT, [("tenant-a", "internal", ["home"])], "default")
    assert assumed.assumed
    assert assumed.hours == assumed.loss_hours / 2
    assert assumed.covers("home")
    assert not read_schedule(schedule()).assumed


def test_a_journal_is_read_as_it_was_written_and_a_broken_one_is_refused(tmp_path: Path):
    path = tmp_path / "a.json"
    assert read_journal(path) is None
    journal = Journal(path=path, tenant="a", drill="drill-a", namespaces=["home"], disaster=1.5)
    journal.write()
    assert read_journal(path) == journal
    path.write_text("{")
    with pytest.raises(SandboxError, match="The journal of an earlier drill cannot be read"):
        read_journal(path)
    journal.remove()
    assert read_journal(path) is None
