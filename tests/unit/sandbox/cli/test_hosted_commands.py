import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.cli.console import Console
from sandbox.cli.inspect import simulated
from sandbox.cli.logs import Log, _print_end, choose
from sandbox.cli.main import main
from sandbox.errors import ConfigurationError, SandboxError
from sandbox.identity import expected, sign, signing_key


def entry(tmp_path: Path, pod: str, workload: str, **fields: Any) -> dict[str, Any]:
    log, previous = tmp_path / f"{pod}.log", tmp_path / f"{pod}.previous.log"
    log.write_text("now\n")
    labels = {"app.kubernetes.io/name": workload}
    known = {"namespace": "shop", "pod": pod, "container": "main", "labels": labels, "owner": ""}
    return {**known, "log": str(log), "previous_log": str(previous), **fields}


def test_a_name_means_a_part_a_pod_or_all_pods_of_a_workload(tmp_path: Path):
    parts = [Log("etcd", tmp_path / "etcd.log"), Log("moto", tmp_path / "moto.log")]
    pods = [entry(tmp_path, "web-1", "web"), entry(tmp_path, "web-2", "web"), entry(tmp_path, "kafka-0", "kafka")]
    assert choose("", parts, pods) == parts
    assert [log.name for log in choose("etcd", parts, pods)] == ["etcd"]
    assert [log.name for log in choose("web", parts, pods)] == ["web-1", "web-2"]
    assert [log.name for log in choose("shop/kafka-0", parts, pods)] == ["kafka-0"]
    with pytest.raises(ConfigurationError, match="no log of 'wbe'") as caught:
        choose("wbe", parts, pods)
    assert caught.value.fix == "one of: etcd, kafka, moto, web"
    with pytest.raises(ConfigurationError, match="no log of 'other/web'"):
        choose("other/web", parts, pods)


def test_the_log_before_a_restart_is_found_or_said_to_be_missing(tmp_path: Path):
    pods = [entry(tmp_path, "web-1", "web")]
    with pytest.raises(ConfigurationError, match="nothing of 'web' ran before its last restart"):
        choose("web", [], pods, previous=True)
    Path(pods[0]["previous_log"]).write_text("before\n")
    assert [log.path.read_text() for log in choose("web", [], pods, previous=True)] == ["before\n"]


KEY = {"kty": "oct", "kid": "own", "k": base64.urlsafe_b64encode(b"0" * 32).decode().rstrip("=")}


@pytest.mark.parametrize(("lines", "printed"), [(0, ""), (1, "three\n"), (2, "two\nthree\n"), (9, "one\ntwo\nthree\n")])
def test_as_many_lines_of_a_log_are_printed_as_were_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: int, printed: str
):
    (tmp_path / "etcd.log").write_text("one\ntwo\nthree\n")
    assert _print_end(Log("etcd", tmp_path / "etcd.log"), lines, Console(), alone=True) == 14
    assert capsys.readouterr().out == printed


def test_a_token_is_signed_so_that_the_services_take_it():
    signed = sign({"sub": "me", "roles": ["analyst"]}, KEY)
    head, claims, signature = signed.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT", "kid": "own"}
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["roles"] == ["analyst"]
    computed = hmac.new(b"0" * 32, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(computed).decode().rstrip("=") == signature


def test_only_a_symmetric_key_signs():
    assert signing_key(json.dumps({"keys": [{"kty": "RSA"}, KEY]}).encode()) == KEY
    with pytest.raises(SandboxError, match="no symmetric key"):
        signing_key(b'{"keys": [{"kty": "RSA"}]}')


def test_issuer_and_audience_are_those_that_the_deployed_services_ask_for():
    env = [{"name": "WEB_AUTH_ISSUER", "value": "https://i"}, {"name": "WEB_AUTH_AUDIENCE", "value": "a"}]
    pods = [{"spec": {"containers": [{"name": "x"}]}}, {"spec": {"containers": [{"name": "y", "env": env}]}}]
    assert expected(pods) == ("https://i", "a")
    with pytest.raises(SandboxError, match="no pod that is deployed asks for tokens"):
        expected(pods[:1])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--role", "analyst", "--tenant", "t", "--ttl", "0"], 2, "a token of 0 s"),
        (["--role", "analyst", "--tenant", "t", "--name", "not-there"], 1, "does not run"),
    ],
)
def test_a_token_that_cannot_be_had_is_refused_with_the_way_out(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["token", *arguments]) == code
    assert said in capsys.readouterr().err


def test_what_is_pretended_depends_on_whether_pods_run():
    assert "pods do not run" in simulated(host=False)[0]
    assert any("limits of CPU" in line for line in simulated(host=True))
    assert any("network policies" in line for line in simulated(host=True))
