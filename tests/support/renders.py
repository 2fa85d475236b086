"""What the program registers for a configuration, rendered once and shared by all tests of the process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from unittest import mock

from infra.stacks import platform
from infra.stacks.plan import Plan
from tests.support.pulumi_mocks import EMULATOR, Rendered, configuration, run_program

CRDS_ONLY = {"mode": "crds-only"}


@dataclass(frozen=True)
class Render:
    """One run of the program.

    Attributes:
        rendered: what it registered; nobody changes it.
        plan: what it planned.
    """

    rendered: Rendered
    plan: Plan


_RENDERS: dict[str, Render] = {}


def defaults(stack: str, **overrides: Any) -> dict[str, Any]:
    """Overrides under which a stack is rendered: no charts, and for this machine's own an emulated account."""
    emulated = {"aws": EMULATOR} if stack == "local" else {}
    return {"operators": CRDS_ONLY, **emulated, **overrides}


def render(stack: str, **overrides: Any) -> Render:
    """The one run of a configuration: the stack's, charts recorded, and with these values instead of its own."""
    values = defaults(stack, **overrides)
    key = json.dumps([stack, configuration(stack, **values)], sort_keys=True)
    if key not in _RENDERS:
        plans: list[Plan] = []
        make_plan = platform.make_plan

        def keep_plan(*args: Any, **kwargs: Any) -> Plan:
            plans.append(make_plan(*args, **kwargs))
            return plans[-1]

        with mock.patch.object(platform, "make_plan", keep_plan):
            rendered = run_program(stack, **values)
        _RENDERS[key] = Render(rendered, plans[0])
    return _RENDERS[key]


def rendered(stack: str, **overrides: Any) -> Rendered:
    """What that run registered."""
    return render(stack, **overrides).rendered
