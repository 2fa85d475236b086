from __future__ import annotations

from policies.model import Level

_ADVISORY_ENVIRONMENTS = frozenset({"dev"})


def environment_of(stack: str) -> str:
    """The environment that a stack belongs to: the first word of its name, organisation and project left out.

    `dev`, `acme/platform/dev` and `dev-anna` are all `dev`.
    """
    return stack.rpartition("/")[2].partition("-")[0]


def level_for(stack: str, *, mandatory_everywhere: bool) -> Level:
    """The enforcement level of a rule in a stack.

    `local` and `prod` deny, so that what works on a laptop is what production takes; `dev` warns, so that an experiment
    is not stopped by it, except for rules that protect others than the author. A stack of any other name, or none,
    denies: an unknown environment is treated as the strictest one.
    """
    if mandatory_everywhere or environment_of(stack) not in _ADVISORY_ENVIRONMENTS:
        return Level.MANDATORY
    return Level.ADVISORY
