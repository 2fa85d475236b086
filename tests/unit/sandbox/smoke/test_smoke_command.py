import base64
import json
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from sandbox.cli import smoke as command
from sandbox.cli.console import Console
from sandbox.errors import SandboxError
from sandbox.smoke import run
from sandbox.smoke.identity import smoke_token
from sandbox.smoke.report import smoke_of

KEY = base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
ENVELOPE = {
    "hops": [{"service": "price-feed", "at": 3000}],
    "value": {"prediction": 62.5, "confidence": 0.61, "model_version": "3"},
    "traceparent": "00-1-2-01",
}


class FakeApi:
    """What the API server has."""

    def __init__(self, *deployments: str, secret: bool = True) -> None:
        self.deployments, self.secret = deployments, secret

    def get(self, path: str) -> dict[str, Any]:
        if "secrets" in path:
            keys = {"keys": [{"kty": "oct", "kid": "local", "k": KEY}]}
            data = {"jwks.json": base64.b64encode(json.dumps(keys).encode()).decode()}
            return {"items": [{"data": data}] if self.secret else []}
        if "pods" in path:
            told = {"X_AUTH_ISSUER": "https://identity.local", "X_AUTH_AUDIENCE": "analytics-platform"}
            variables = [{"name": name, "value": value} for name, value in told.items()]
            return {"items": [{"spec": {"containers": [{"env": variables}]}}]}
        return {"items": [name for name in self.deployments if path.endswith(f"%3D{name}")]}


@pytest.fixture
def where(tmp_path: Path) -> Any:
    return SimpleNamespace(programs="x", paths=SimpleNamespace(name="local", home=tmp_path, host=tmp_path / "host"))


@pytest.fixture
def journey(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The smoke succeeds; the tokens that it was given."""
    tokens: list[str] = []

    def run_smoke(_host: Path, token: Any, _tell: Any) -> Any:
        tokens.append(token())
        return smoke_of({"symbol": "WTI", "price": "61.2500"}, 1000, 10_000, ENVELOPE)

    monkeypatch.setattr(run, "run_smoke", run_smoke)
    return tokens


def test_up_ends_with_the_journey_on_the_screen_and_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: Any, journey: list[str]
):
    monkeypatch.setattr(command, "_client", lambda _where: FakeApi("price-feed"))
    command.smoke_after_up(where, Console())
    assert "prediction 62.5000 with confidence 0.61" in capsys.readouterr().out
    assert json.loads((where.paths.home / "smoke.json").read_text())["total_ms"] == 9.0
    assert len(journey) == 1


@pytest.mark.parametrize("programs", ["", "x"])
def test_up_sends_no_price_where_no_pod_runs_or_no_path_is_declared(
    monkeypatch: pytest.MonkeyPatch, where: Any, journey: list[str], programs: str
):
    monkeypatch.setattr(command, "_client", lambda _where: FakeApi())
    where.programs = programs
    command.smoke_after_up(where, Console())
    assert journey == []


def test_a_journey_that_fails_leaves_no_answer_of_an_earlier_one(monkeypatch: pytest.MonkeyPatch, where: Any):
    def fail(*_arguments: Any) -> None:
        raise run.SmokeFailedError("it did not come through", where="model-server")

    monkeypatch.setattr(run, "run_smoke", fail)
    monkeypatch.setattr(command, "_client", lambda _where: FakeApi("price-feed"))
    (where.paths.home / "smoke.json").write_text("{}")
    with pytest.raises(SandboxError, match="model-server"):
        command.smoke_after_up(where, Console())
    assert not (where.paths.home / "smoke.json").exists()


def test_the_command_says_that_there_is_no_path_to_try(monkeypatch: pytest.MonkeyPatch, where: Any):
    monkeypatch.setattr(command, "environment", lambda _arguments: where)
    monkeypatch.setattr(command, "_client", lambda _where: FakeApi())
    with pytest.raises(SandboxError, match="nothing that is deployed is called price-feed"):
        command.smoke(Namespace(json=False), Console())


def test_the_command_prints_one_document_with_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: Any, journey: list[str]
):
    monkeypatch.setattr(command, "environment", lambda _arguments: where)
    monkeypatch.setattr(command, "_client", lambda _where: FakeApi("price-feed"))
    assert command.smoke(Namespace(json=True), Console(quiet=True)) == 0
    assert json.loads(capsys.readouterr().out)["answer"]["prediction"] == 62.5


def test_the_token_of_the_smoke_may_write_and_read_and_is_good_for_minutes():
    claims = jwt.decode(
        smoke_token(FakeApi()),  # type: ignore[arg-type]
        b"k" * 32,
        algorithms=["HS256"],
        audience="analytics-platform",
        issuer="https://identity.local",
    )
    assert (claims["roles"], claims["tenants"], claims["exp"] - claims["iat"]) == (["service"], ["platform"], 600)


def test_without_an_identity_there_is_no_token():
    with pytest.raises(SandboxError, match="has a Secret platform-identity"):
        smoke_token(FakeApi(secret=False))  # type: ignore[arg-type]
