"""What may be lost by class of data, what is refused, and when backups run."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from infra.core.recovery import Objective, RecoveryCatalog, backup_hours, cron, kept_too_long
from infra.stacks.files import read_catalog

CATALOG = read_catalog()


def objective(loss: int = 24, outage: int = 240, keep: int = 14) -> dict[str, int]:
    return {"lossHours": loss, "outageMinutes": outage, "keepDays": keep}


def catalog(**changes: Any) -> RecoveryCatalog:
    classes: dict[str, Any] = {each: objective() for each in ("public", "internal", "confidential", "pii")}
    return RecoveryCatalog.model_validate({"classes": {**classes, **changes}})


@pytest.mark.parametrize(
    ("classes", "why"),
    [
        ({"internal": objective()}, "public, confidential, pii is missing"),
        (
            {**{each: objective() for each in ("public", "internal", "confidential")}, "pii": objective(loss=25)},
            "pii must",
        ),
    ],
)
def test_a_catalog_without_a_class_or_with_a_laxer_one_for_worse_data_is_refused(classes: dict[str, Any], why: str):
    with pytest.raises(ValidationError, match=why):
        RecoveryCatalog.model_validate({"classes": classes})


@pytest.mark.parametrize("wrong", [{"loss": 1}, {"loss": 169}, {"outage": 4}, {"keep": 6}, {"keep": 366}])
def test_figures_out_of_bounds_are_refused(wrong: dict[str, int]):
    with pytest.raises(ValidationError):
        catalog(public=objective(**wrong))


def test_no_backup_outlives_what_it_holds():
    rules = CATALOG.classes
    assert [*kept_too_long(CATALOG.recovery, rules)] == []
    short = {**rules, "pii.card": rules["pii.card"].model_copy(update={"max_retention_days": 10})}
    (problem,) = kept_too_long(CATALOG.recovery, short)
    assert "recovery.yaml: classes.pii.keepDays is 14: pii.card may be kept 10 days at most" in str(problem)


def test_one_backup_may_fail_and_less_is_lost_than_may_be():
    for loss in range(2, 169):
        hours = backup_hours(Objective.model_validate(objective(loss=loss)))
        assert 2 * hours <= loss
        assert 24 % hours == 0


def test_backups_run_at_equal_distances_at_times_that_follow_from_the_name():
    wanted = Objective.model_validate(objective(loss=12))
    minute, hours, *rest = cron("tenant-a", wanted).split()
    times = [int(hour) for hour in hours.split(",")]
    assert rest == ["*", "*", "*"]
    assert 0 <= int(minute) < 60
    assert [later - earlier for earlier, later in pairwise(times)] == [6, 6, 6]
    assert cron("tenant-a", wanted) == cron("tenant-a", wanted)
    assert len({cron(f"tenant-{each}", wanted) for each in range(20)}) > 10


def test_an_hourly_backup_runs_in_every_hour():
    assert cron("a", Objective.model_validate(objective(loss=2))).split()[1:] == ["*", "*", "*", "*"]
