"""A value that is not known yet makes no good example bad and no rule fail, wherever it stands."""

import copy
from typing import Any

import pytest

from policies.runtime import load_packs
from policies.unknown import UNKNOWN
from tests.support.policy_examples import Example, examples, findings_of, resource_from

PACKS = load_packs(["network", "quotas"])
BY_FOLDER = {folder: id_ for pack in PACKS.packs for id_, folder in pack.rules.items()}
GOOD = [example for example in examples("good-") if example.rule_folder in BY_FOLDER]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    here = [path] if path and path[-1] not in {"apiVersion", "kind"} else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return here + [place for key, child in children for place in _places(child, (*path, key))]


@pytest.mark.parametrize("example", GOOD, ids=lambda example: example.label)
def test_what_is_not_known_yet_is_never_held_against_a_good_example(example: Example):
    rule = PACKS.rules[BY_FOLDER[example.rule_folder]]
    held: list[str] = []
    for number, document in enumerate(example.documents):
        for place in _places(document):
            changed = copy.deepcopy(example.documents)
            at: Any = changed[number]
            for key in place[:-1]:
                at = at[key]
            at[place[-1]] = UNKNOWN
            findings = findings_of(rule, [resource_from(it) for it in changed])
            held += [f"[{number}] {place}: {it.message}" for it in findings if not it.unknown]
    assert held == []
