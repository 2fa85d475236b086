from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from sandbox.engine.providers.aws.calls import Calls, Patience
from sandbox.engine.providers.aws.connection import AwsEndpoint, Connection
from sandbox.engine.providers.aws.failures import AwsError

QUICK = Patience(attempts=4, first=0.0, longest=0.0)


def answer(code: str, status: int, message: str = "no") -> ClientError:
    details: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(details, "Op")


class Script:
    """A client whose one operation raises or returns what it was given, in turn."""

    def __init__(self, *turns: Any) -> None:
        self.turns = list(turns)
        self.asked = 0

    def operate(self, **_: Any) -> Any:
        self.asked += 1
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if isinstance(turn, Exception):
            raise turn
        return turn


def calls(script: Script, hidden: tuple[str, ...] = ()) -> Calls:
    connection = Connection(AwsEndpoint("http://127.0.0.1:1", "us-east-1", "123456789012"))
    connection._clients["x"] = script
    return Calls(connection, "urn:x", QUICK, hidden=hidden)


@pytest.mark.parametrize(
    "failure",
    [
        answer("InternalError", 500),
        answer("Throttling", 400),
        answer("TooMany", 429),
        answer("OperationAborted", 409),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
    ids=["500", "throttling", "429", "conflict", "connection"],
)
def test_a_passing_failure_is_repeated(failure: Exception) -> None:
    script = Script(failure, failure, {"ok": 1})
    assert calls(script).call("x", "operate") == {"ok": 1}
    assert script.asked == 3


def test_patience_ends_and_the_last_cause_is_told() -> None:
    script = Script(answer("InternalError", 503, "later"))
    with pytest.raises(AwsError, match=r"^urn:x: x Operate failed: InternalError \(HTTP 503\): later$"):
        calls(script).call("x", "operate")
    assert script.asked == QUICK.attempts


def test_a_failure_for_good_is_not_repeated() -> None:
    script = Script(answer("AccessDenied", 403))
    with pytest.raises(AwsError, match="AccessDenied"):
        calls(script).call("x", "operate")
    assert script.asked == 1


def test_missing_is_none_only_for_the_codes_that_mean_it() -> None:
    assert calls(Script(answer("NoSuchThing", 404))).get("x", "operate", ("NoSuchThing",)) is None
    with pytest.raises(AwsError):
        calls(Script(answer("NoSuchThing", 404))).get("x", "operate", ("NotFound",))


def create_with(failure: Exception, found: Callable[[], str | None]) -> tuple[Script, str]:
    script = Script(failure, {"id": "second"})
    aws = calls(script)
    return script, aws.create_or_find(lambda: str(aws.once("x", "operate")["id"]), found)


def test_a_creation_that_took_effect_is_found_and_not_repeated() -> None:
    script, id = create_with(answer("InternalError", 500), lambda: "first")
    assert (script.asked, id) == (1, "first")


def test_a_creation_that_took_no_effect_is_repeated() -> None:
    script, id = create_with(answer("InternalError", 500), lambda: None)
    assert (script.asked, id) == (2, "second")


def test_a_late_effect_shows_as_a_conflict_and_is_found() -> None:
    script = Script(answer("InternalError", 500), answer("AlreadyExists", 409))
    aws = calls(script)
    looks = iter((None, "first"))
    assert aws.create_or_find(lambda: str(aws.once("x", "operate")), lambda: next(looks)) == "first"


def test_a_conflict_at_the_first_attempt_is_somebody_elses() -> None:
    with pytest.raises(AwsError, match="AlreadyExists"):
        create_with(answer("AlreadyExists", 409), lambda: "theirs")


def test_a_refused_parameter_is_named_without_its_value() -> None:
    report = "Invalid type for parameter SecretString, value: hunter2, type: <class 'int'>"
    with pytest.raises(AwsError) as caught:
        calls(Script(ParamValidationError(report=report))).call("x", "operate")
    assert "SecretString" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_hidden_values_are_taken_out_of_what_the_service_says() -> None:
    with pytest.raises(AwsError, match=r"bad value \[secret\]"):
        calls(Script(answer("Invalid", 400, "bad value hunter2")), hidden=("hunter2", "")).call("x", "operate")


def test_a_programming_error_is_not_dressed_up_as_an_aws_failure() -> None:
    with pytest.raises(KeyError):
        calls(Script(KeyError("oops"))).call("x", "operate")


def test_all_pages_are_read() -> None:
    script = Script({"Items": [1, 2], "Next": "t"}, {"Items": [3]})
    assert list(calls(script).pages("x", "operate", "Items", "Next:Marker")) == [1, 2, 3]


def test_pauses_grow_with_jitter_and_are_bounded() -> None:
    patience = Patience(first=0.1, longest=1.0)
    for attempt in range(12):
        bound = min(1.0, 0.1 * 2**attempt)
        assert 0.2 * bound <= patience.pause(attempt) <= bound
