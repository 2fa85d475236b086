"""Recovery objectives by class of data (recovery.yaml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from infra.core.data.classes import LEVELS, DataClassRules, level
from infra.core.errors import Problem
from infra.core.labels import DataClass
from infra.core.models import Document

FILE = "infra/catalog/recovery.yaml"


class Objective(Document):
    """What may be lost, for how long it may be away, and for how long it can be brought back."""

    loss_hours: int = Field(ge=2, le=168, description="hours of work that may be lost at most (recovery point)")
    outage_minutes: int = Field(ge=5, le=2880, description="minutes that it may be away at most (recovery time)")
    keep_days: int = Field(ge=7, le=365, description="days that each backup is kept")


class RecoveryCatalog(Document):
    """recovery.yaml."""

    classes: dict[DataClass, Objective] = Field(description="objective by class of data")

    @model_validator(mode="after")
    def _every_class_and_none_laxer_than_a_lesser_one(self) -> Self:
        missing = [each for each in LEVELS if each not in self.classes]
        if missing:
            raise ValueError(f"must have every class of data: {', '.join(missing)} is missing")
        for lesser, stricter in pairwise(LEVELS):
            before, after = self.classes[lesser], self.classes[stricter]
            if after.loss_hours > before.loss_hours or after.outage_minutes > before.outage_minutes:
                raise ValueError(f"{stricter} must not allow more loss or a longer outage than {lesser}")
        return self


def kept_too_long(recovery: RecoveryCatalog, classes: Mapping[str, DataClassRules]) -> Iterator[Problem]:
    """A problem for each class whose backups would outlive what may be kept of it.

    Args:
        recovery: the objectives.
        classes: rules of each class of column, with its longest retention.
    """
    for name, objective in recovery.classes.items():
        limits = {each: rules.max_retention_days for each, rules in classes.items() if level(each) == name}
        if not limits:
            continue
        strictest = min(limits, key=lambda each: limits[each])
        if objective.keep_days > limits[strictest]:
            limit = f"{strictest} may be kept {limits[strictest]} days at most (infra/catalog/data-classes.yaml)"
            yield Problem(FILE, f"classes.{name}.keepDays", str(objective.keep_days), limit, "Lower it")
