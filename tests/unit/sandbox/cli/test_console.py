import io

import pytest

from sandbox.cli.console import Console
from sandbox.engine.events import Diagnostic, PolicyFinding, Progress, RunEnded, StepEnded, StepPlanned, StepStarted
from sandbox.engine.host import RunReport

STACK = "urn:pulumi:local::proj::pulumi:pulumi:Stack::proj-local"
GROUP = "urn:pulumi:local::proj::platform:x:Group::group"
THING = "urn:pulumi:local::proj::platform:x:Group$kubernetes:core/v1:ConfigMap::settings"


class Screen:
    def __init__(self, *, quiet: bool = False) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.console = Console(quiet=quiet, out=self.out, err=self.err)


@pytest.fixture
def screen() -> Screen:
    return Screen()


def test_progress_goes_to_standard_error_and_results_to_standard_output(screen: Screen) -> None:
    screen.console.progress("starting")
    screen.console.result("done")
    assert screen.out.getvalue() == "done\n"
    assert screen.err.getvalue().endswith("starting\n")


def test_with_json_only_errors_are_said() -> None:
    screen = Screen(quiet=True)
    screen.console.progress("starting")
    screen.console.result("done")
    screen.console.error("it failed")
    assert screen.out.getvalue() == ""
    assert screen.err.getvalue() == "error: it failed\n"


@pytest.mark.parametrize(
    ("op", "word"), [("create", "created"), ("update", "updated"), ("replace", "replaced"), ("delete", "deleted")]
)
def test_a_step_that_ended_is_told_with_its_time(screen: Screen, op: str, word: str) -> None:
    screen.console.listen(StepEnded(op, THING, "kubernetes:core/v1:ConfigMap", 1.26))  # type: ignore[arg-type]
    assert f"kubernetes:core/v1:ConfigMap settings {word} (1.3 s)" in screen.err.getvalue()


def test_a_failure_is_told_once_though_two_events_carry_it(screen: Screen) -> None:
    screen.console.listen(StepEnded("create", THING, "kubernetes:core/v1:ConfigMap", 2.0, "the server said no"))
    screen.console.listen(Diagnostic("error", "the server said no", THING))
    assert screen.err.getvalue().count("the server said no") == 1


def test_a_message_does_not_name_its_resource_twice(screen: Screen) -> None:
    screen.console.listen(Diagnostic("error", f"{THING}: metadata.name: it is missing", THING))
    assert screen.err.getvalue() == "error: kubernetes:core/v1:ConfigMap settings: metadata.name: it is missing\n"


def test_the_remedy_of_a_rule_is_said_with_its_first_finding_only(screen: Screen) -> None:
    for path in ("spec.a", "spec.b"):
        screen.console.listen(PolicyFinding("POD-001", "mandatory", True, THING, path, "it is bad", "make it good"))
    text = screen.err.getvalue()
    assert text.count("it is bad") == 2
    assert text.count("make it good") == 1


def _waits(rule: str, urn: str = THING, *, mandatory: bool = False) -> PolicyFinding:
    message = f"UNKNOWN: bucket is not known yet, so {rule} cannot be judged"
    return PolicyFinding(rule, "advisory", mandatory, urn, "bucket", message, "It is judged when the value is known.")


def _end(screen: Screen) -> None:
    screen.console.listen(RunEnded(True, {}, {}, False, 0))


def test_rules_that_wait_for_values_are_told_in_one_line_when_the_run_is_over(screen: Screen) -> None:
    for rule in ("AWS-005", "AWS-001", "AWS-008"):
        for urn in (GROUP, THING):
            screen.console.listen(_waits(rule, urn))
    assert screen.err.getvalue() == ""
    for _ in range(2):
        _end(screen)
    [line] = screen.err.getvalue().splitlines()
    assert line.endswith("] 3 rules wait for values that are known only after creation: AWS-001, AWS-005, AWS-008"), (
        "once, though another run of the same command ended after it"
    )


def test_one_rule_that_waits_is_told_as_one(screen: Screen) -> None:
    screen.console.listen(_waits("AWS-001"))
    _end(screen)
    assert "] 1 rule waits for values that are known only after creation: AWS-001\n" in screen.err.getvalue()


def test_a_finding_that_stops_the_run_is_told_whatever_its_message_says(screen: Screen) -> None:
    screen.console.listen(_waits("AWS-001", mandatory=True))
    assert "error: policy AWS-001" in screen.err.getvalue()


def test_with_json_nothing_is_said_of_rules_that_wait() -> None:
    screen = Screen(quiet=True)
    screen.console.listen(_waits("AWS-001"))
    _end(screen)
    assert (screen.out.getvalue(), screen.err.getvalue()) == ("", "")


def test_a_wait_is_told_when_it_is_long_and_once_for_each_text(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("sandbox.cli.console.time.monotonic", lambda: now[0])
    screen.console.listen(StepStarted("create", THING, "kubernetes:apps/v1:Deployment"))
    for seconds in (1.0, 6.0, 7.0):
        now[0] = 100.0 + seconds
        screen.console.listen(Progress(THING, "0 of 3 replicas ready"))
    assert screen.err.getvalue().count("0 of 3 replicas ready") == 1


def test_counts_name_only_what_happened(screen: Screen) -> None:
    summary = {"create": 2, "update": 0, "replace": 1, "delete": 0, "same": 5}
    screen.console.counts(summary, planned=True)
    assert screen.out.getvalue() == "\nResources:\n    +  2 to create\n    +- 1 to replace\n       5 unchanged\n"


def test_outputs_are_listed_by_name_with_lists_and_maps_indented(screen: Screen) -> None:
    screen.console.outputs({"url": "http://x", "names": ["a", "b"], "empty": []})
    assert screen.out.getvalue() == (
        "\nOutputs:\n    empty : []\n    names:\n      - a\n      - b\n    url   : http://x\n"
    )


def _planned(count: int) -> RunReport:
    steps = [
        StepPlanned("create", STACK, "pulumi:pulumi:Stack", ""),
        StepPlanned("create", GROUP, "platform:x:Group", STACK),
    ]
    steps += [
        StepPlanned("create", f"{THING}-{index}", "kubernetes:core/v1:ConfigMap", GROUP, validated="offline")
        for index in range(count)
    ]
    return RunReport(steps=steps, ended=RunEnded(True, {"create": count + 2}, {}, False, 0))


def test_a_small_plan_lists_every_resource_and_says_what_was_validated_offline(screen: Screen) -> None:
    screen.console.plan(_planned(2), every=False)
    text = screen.out.getvalue()
    assert "settings-0" in text
    assert "settings-1" in text
    assert "2 of 4 changes are validated offline" in text


def test_a_large_plan_is_summed_up_by_component_unless_every_resource_is_asked_for(screen: Screen) -> None:
    screen.console.plan(_planned(50), every=False)
    assert "50 to create" in screen.out.getvalue()
    assert "settings-7" not in screen.out.getvalue()
    whole = Screen()
    whole.console.plan(_planned(50), every=True)
    assert "settings-49" in whole.out.getvalue()
