from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pulumi

from tests.support.engine_harness import Harness, Thing, fake_provider


def release(size: int, *, wider: bool) -> Callable[[], None]:
    def program() -> None:
        provider = fake_provider()
        first = Thing("first", pulumi.ResourceOptions(provider=provider), name="first", size=size)
        if wider:
            Thing("second", pulumi.ResourceOptions(provider=provider), name="second", label=first.computed)

    return program


def test_the_earlier_release_deployed_again_after_one_that_failed_leaves_what_it_left_before(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.apply(release(1, wider=False))
    before = dict(harness.cloud.things)

    def break_down(verb: str, name: str) -> None:
        if (verb, name) == ("create", "second"):
            raise RuntimeError("no room")

    harness.cloud.fail = break_down
    assert not harness.apply(release(2, wider=True)).ok
    assert harness.cloud.things != before
    rolled = harness.apply(release(1, wider=False))
    assert rolled.ok, rolled.diagnostics
    assert harness.cloud.things == before
    assert harness.plan(release(1, wider=False)).changes == 0
