from __future__ import annotations

import base64
import json
from pathlib import Path

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi import Output, ResourceOptions

from sandbox.engine.events import Event
from sandbox.engine.provider import ProviderError
from sandbox.engine.secrecy import Redactor
from sandbox.engine.values import Secret
from tests.support.engine_harness import Group, Harness, Thing, fake_provider, urn

CANARY = "canary-4f1c9e2b7a"


def files_with(folder: Path, text: str) -> list[str]:
    """The files of a folder that hold a text, also in base64."""
    needles = (text.encode(), base64.b64encode(text.encode()))
    return [path.name for path in folder.rglob("*") if path.is_file() and any(n in path.read_bytes() for n in needles)]


def told(events: list[Event]) -> str:
    return "\n".join(repr(event) for event in events)


def secret_program(name: str = "a") -> None:
    provider = fake_provider()
    first = Thing(name, ResourceOptions(provider=provider), name="a", label=Output.secret(CANARY), plain=1)
    second = Thing("b", ResourceOptions(provider=provider), name="b", label=Output.concat("<", first.label, ">"))
    group = Group("g")
    group.register_outputs({"label": second.label})
    pulumi.export("label", second.label)
    pulumi.export("nested", {"deep": [first.label, "open"]})


def test_a_secret_follows_values_into_outputs_dependents_and_exports(harness: Harness) -> None:
    harness.plan(secret_program)
    assert CANARY not in told(harness.events)
    report = harness.apply(secret_program)

    assert report.ok
    assert CANARY not in told(harness.events)
    assert harness.cloud.things["b"]["label"] == f"<{CANARY}>"
    resources = harness.state().resources
    for name in "ab":
        assert isinstance(resources[urn(name)].inputs["label"], Secret)
        assert isinstance(resources[urn(name)].outputs["label"], Secret)
    assert resources[urn("a")].inputs["plain"] == 1
    assert report.ended is not None
    assert report.ended.outputs == {"label": "[secret]", "nested": {"deep": ["[secret]", "open"]}}


def test_no_secret_is_in_any_file_of_the_state_even_while_a_run_is_under_way(harness: Harness, tmp_path: Path) -> None:
    found: list[str] = []

    def look(verb: str, name: str) -> None:
        found.extend(files_with(tmp_path, CANARY) + files_with(tmp_path, "generated-password"))

    harness.cloud.fail = look
    harness.apply(secret_program)
    harness.apply(lambda: secret_program("renamed"))
    store = harness.state_path

    assert found == []
    assert store.with_suffix(".backup").exists()
    assert files_with(tmp_path, CANARY) == []
    assert files_with(tmp_path, "generated-password") == []


def test_outputs_that_the_provider_calls_secret_are_secret(harness: Harness) -> None:
    def program() -> None:
        pulumi.export("password", Thing("a", ResourceOptions(provider=fake_provider()), name="a").password)

    report = harness.apply(program)

    assert report.ended is not None
    assert report.ended.outputs == {"password": "[secret]"}


def test_additional_secret_outputs_are_secret_also_when_asked_for_later(harness: Harness) -> None:
    def program(names: list[str]) -> None:
        options = ResourceOptions(provider=fake_provider(), additional_secret_outputs=names)
        pulumi.export("computed", Thing("a", options, name="a", size=1).computed)

    first = harness.apply(lambda: program([]))
    second = harness.apply(lambda: program(["computed"]))

    assert first.ended is not None
    assert first.ended.outputs == {"computed": "computed-1"}
    assert second.ended is not None
    assert second.ended.outputs == {"computed": "[secret]"}
    assert isinstance(harness.state().resources[urn("a")].outputs["computed"], Secret)


def test_a_value_that_becomes_secret_leaves_the_state_though_it_is_the_same_value(
    harness: Harness, tmp_path: Path
) -> None:
    def program(secret: bool) -> None:
        value = Output.secret(CANARY) if secret else Output.from_input(CANARY)
        Thing("a", ResourceOptions(provider=fake_provider()), name="a", label=value)
        pulumi.export("label", value)

    harness.apply(lambda: program(secret=False))
    assert files_with(tmp_path, CANARY)
    harness.cloud.calls.clear()
    planned = harness.plan(lambda: program(secret=True))
    assert planned.changes == 0
    assert planned.ended is not None
    assert planned.ended.state_changed
    assert harness.apply(lambda: program(secret=True)).ok
    assert harness.cloud.calls == []
    assert files_with(tmp_path, CANARY) == []
    again = harness.plan(lambda: program(secret=True))
    assert again.ended is not None
    assert not again.ended.state_changed


def test_a_secret_that_the_program_hands_on_in_the_clear_is_stored_as_a_secret(
    harness: Harness, tmp_path: Path
) -> None:
    def program() -> None:
        provider = fake_provider()
        first = Thing("a", ResourceOptions(provider=provider), name="a", label=Output.secret(CANARY))
        Thing("b", ResourceOptions(provider=provider), name="b", note=Output.unsecret(first.label))

    assert harness.apply(program).ok
    assert harness.cloud.things["b"]["note"] == CANARY
    assert files_with(tmp_path, CANARY) == []
    again = harness.plan(program)
    assert again.changes == 0
    assert again.ended is not None
    assert not again.ended.state_changed


def test_a_secret_that_a_program_prints_is_redacted() -> None:
    from sandbox.engine.run import _Lines

    seen: list[Event] = []
    redactor = Redactor()
    redactor.learn(Secret(CANARY))
    lines = _Lines(seen.append, redactor)
    print(f"the password is {CANARY}!", file=lines)
    print(f"warning: {CANARY}", end="", file=lines)
    lines.finish()

    assert [event.message for event in seen] == ["the password is [secret]!", "[secret]"]  # type: ignore[union-attr]
    assert [event.severity for event in seen] == ["info", "warning"]  # type: ignore[union-attr]


def test_parts_of_a_secret_object_are_redacted_also_in_base64() -> None:
    redactor = Redactor()
    redactor.learn(Secret(json.dumps({"user": "sesame", "keys": [CANARY]})))
    redactor.learn(Secret({"pem": f"first-line\n{CANARY}x"}))

    encoded = base64.b64encode(CANARY.encode()).decode()
    assert redactor.redact(f"{CANARY} {encoded} sesame first-line open") == "[secret] [secret] [secret] [secret] open"


def test_the_name_of_a_user_is_no_secret_outside_the_secret_that_holds_its_password() -> None:
    redactor = Redactor()
    content = '{"username": "stream-gateway", "password": "correct horse battery"}'
    redactor.learn({"content": Secret(content)})
    assert redactor.redact("stream-gateway is not ready") == "stream-gateway is not ready"
    assert redactor.redact("logged in with correct horse battery") == "logged in with [secret]"
    assert redactor.redact(f"the content is {content}") == "the content is [secret]"
    assert redactor.conceal({"name": "stream-gateway"}) == {"name": "stream-gateway"}


def test_a_short_secret_is_marked_but_not_searched_for_in_texts() -> None:
    redactor = Redactor()
    redactor.learn(Secret("on"))
    assert redactor.redact("the motion") == "the motion"


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_a_secret_in_a_service_s_error_or_a_traceback_is_redacted(harness: Harness, mode: str) -> None:
    def refuse(verb: str, name: str) -> None:
        raise ProviderError(f"cannot take {CANARY}")

    def program() -> None:
        Thing("a", ResourceOptions(provider=fake_provider()), name="a", label=Output.secret(CANARY))

    harness.cloud.fail = refuse
    report = harness.run(mode, program)  # type: ignore[arg-type]
    assert not report.ok
    assert CANARY not in told(harness.events)
    assert "cannot take [secret]" in told(harness.events)
    harness.cloud.fail = lambda verb, name: None

    def raises() -> None:
        program()
        raise ValueError("boom")

    assert "ValueError: boom" in harness.run(mode, raises).diagnostics[-1].message  # type: ignore[arg-type]


def test_a_change_of_a_secret_is_shown_masked(harness: Harness) -> None:
    def program(value: str) -> None:
        Thing("a", ResourceOptions(provider=fake_provider()), name="a", label=Output.secret(value))

    harness.apply(lambda: program(CANARY))
    planned = harness.plan(lambda: program(f"{CANARY}-2"))

    [step] = [step for step in planned.steps if step.op == "update"]
    assert step.changes == [{"path": "label", "kind": "update", "old": "[secret]", "new": "[secret]"}]


def test_errors_kept_in_the_state_hold_no_secret(harness: Harness, tmp_path: Path) -> None:
    from sandbox.engine.provider import PartialFailureError

    def refuse(verb: str, name: str) -> None:
        if verb == "created":
            raise PartialFailureError(f"{CANARY} is not ready", id="a", outputs={"name": "a"})

    harness.cloud.fail = refuse
    harness.apply(
        lambda: Thing("a", ResourceOptions(provider=fake_provider()), name="a", label=Output.secret(CANARY)) and None
    )

    assert files_with(tmp_path, CANARY) == []
    assert harness.state().resources[urn("a")].errors == ("[secret] is not ready",)


def test_the_key_is_readable_by_its_owner_only(harness: Harness) -> None:
    harness.apply(fake_provider)
    assert harness.state_path.with_suffix(".key").stat().st_mode & 0o777 == 0o600


@settings(max_examples=40)
@given(
    secrets=st.lists(st.text("ab", min_size=6, max_size=9), min_size=1, max_size=4),
    texts=st.lists(st.text("ab", max_size=30), max_size=5),
)
def test_among_many_secrets_the_same_texts_are_found_as_among_few(secrets: list[str], texts: list[str]):
    redactor = Redactor()
    redactor.learn([Secret(text) for text in secrets])
    redactor.learn([Secret(f"other-{number:06}") for number in range(40)])
    concealed = redactor.conceal(list(texts))
    assert [isinstance(one, Secret) for one in concealed] == [any(it in text for it in secrets) for text in texts]
