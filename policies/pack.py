from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pack:
    """A named selection of rules.

    Attributes:
        name: The pack's name, which is also its folder under `policies/packs`.
        description: One sentence for people.
        rules: Rule id to the rule's folder under `policies/rules`, as `area/verb_thing`. The list is frozen: a rule
            that is added, removed or renamed shows in a review of this list.
    """

    name: str
    description: str
    rules: dict[str, str]
