import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.components.governance.decision_point import (
    QUESTION_BYTES,
    DecisionPointArgs,
    decision_data,
    decision_point_spec,
    token_variable,
)
from infra.core.catalog.catalog import PLATFORM_TENANT
from infra.core.labels import Ownership
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.governance_plan import MEMORY, governance_args
from tests.support.access_reference import expected
from tests.support.opa import DECISION, TOKEN, OpaServer, opa_server

pytestmark = pytest.mark.integration

CATALOG = read_catalog()
OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
ENVIRONMENT = {token_variable("desk"): TOKEN}
ANALYST = {
    "roles": ["analyst"],
    "tenant": "analytics",
    "action": "read",
    "dataset": "customers",
    "purpose": "analysis",
}
ACTIONS = ("read", "write", "detokenize")
TENANTS = (*CATALOG.tenants, PLATFORM_TENANT, "nobody")
PURPOSES = sorted({purpose for role in CATALOG.roles.values() for purpose in role.purposes})


def args() -> DecisionPointArgs:
    return governance_args(CATALOG, tuple(CATALOG.tenants), read_policies(), OWNERSHIP, zones=3).decision_point


def spec() -> WorkloadSpec:
    return decision_point_spec(args())


def mounted(folder: Path, **changes: str | None) -> Path:
    """The ConfigMaps as the kubelet mounts them, data in a folder beside; None leaves a file out."""
    files = spec().config_files
    assert files
    _mount(folder, {name: changes.get(name, text) for name, text in files.files.items()})
    data = {name: changes.get(name, text) for name, text in decision_data(args().document).files.items()}
    _mount(folder.with_name(f"{folder.name}-data"), data)
    assert set(changes) <= {*files.files, *data}
    return folder


def _mount(folder: Path, files: dict[str, str | None]) -> None:
    """Hidden copies, and a link for each file."""
    copies = folder / "..2026_11_21"
    copies.mkdir(parents=True)
    (folder / "..data").symlink_to(copies.name)
    for name, text in files.items():
        if text is not None:
            (copies / name).write_text(text)
            (folder / name).symlink_to(f"..data/{name}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpaServer]:
    folder = mounted(tmp_path_factory.mktemp("opa") / "files")
    with opa_server(folder, list(spec().arguments), environment=ENVIRONMENT, wait="/health/ready") as running:
        yield running


def check(server: OpaServer, question: dict[str, Any]) -> bool:
    """Compare one answer with the derivation; True when the answer was yes."""
    answer = server.decide(question)
    wanted = expected(CATALOG, CATALOG.tenants, question)
    if wanted is None:
        assert answer["allow"] is False, question
        assert answer["columns"] == {}
        assert answer["row_filter"] is None
        assert answer["reasons"], question
        return False
    assert answer["allow"] is True, (question, answer)
    assert (answer["columns"], answer["row_filter"]) == wanted, question
    return True


def test_every_role_sees_of_every_dataset_what_the_catalog_gives_it(server: OpaServer):
    answers = []
    for (name, role), dataset, tenant in itertools.product(CATALOG.roles.items(), CATALOG.datasets, TENANTS):
        question = {
            "roles": [name],
            "tenant": tenant,
            "action": "read",
            "dataset": dataset,
            "purpose": role.purposes[0],
            "isos": ["SPP", "CAISO"],
        }
        answers.append(check(server, question))
    assert True in answers
    assert False in answers


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_questions_are_answered_as_the_derivation_does(server: OpaServer, data: st.DataObject):
    check(server, data.draw(questions()))


@pytest.mark.soak
@given(data=st.data())
@settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_random_questions_are_answered_as_the_derivation_does(server: OpaServer, data: st.DataObject):
    check(server, data.draw(questions()))


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    dataset = draw(st.sampled_from([*CATALOG.datasets, "nothing"]))
    names = [column.name for column in CATALOG.datasets[dataset].columns] if dataset in CATALOG.datasets else ["id"]
    return {
        "roles": draw(st.lists(st.sampled_from([*CATALOG.roles, "root"]), max_size=3)),
        "tenant": draw(st.sampled_from(TENANTS)),
        "action": draw(st.sampled_from(ACTIONS)),
        "dataset": dataset,
        "purpose": draw(st.sampled_from([*PURPOSES, "curiosity"])),
        "columns": draw(st.lists(st.sampled_from([*names, "no_such_column"]), max_size=3)),
        "isos": draw(st.lists(st.sampled_from(["SPP", "MISO"]), max_size=2)),
    }


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    question=st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*ANALYST, "columns", "isos", "x"]), inner, max_size=7)
        ),
        max_leaves=12,
    )
)
def test_nonsense_is_refused(server: OpaServer, question: Any):
    assert server.decide(question)["allow"] is False


def test_an_analyst_sees_masks_a_steward_sees_clear_and_a_partner_sees_no_clear_personal_data(server: OpaServer):
    personal = {column.name for column in CATALOG.datasets["customers"].columns if column.class_.startswith("pii.")}
    seen = {
        role: set(map(server.decide(question)["columns"].get, personal)) for role, question in _three_readers().items()
    }
    assert seen["analyst"] == {"masked"}
    assert seen["steward"] == {"clear"}
    assert "clear" not in seen["partner"]


def _three_readers() -> dict[str, dict[str, Any]]:
    return {
        "analyst": ANALYST,
        "steward": {**ANALYST, "roles": ["steward"], "tenant": PLATFORM_TENANT, "purpose": "stewardship"},
        "partner": {**ANALYST, "roles": ["partner"], "tenant": "external-partner", "purpose": "sharing"},
    }


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x"])
def test_nobody_without_a_token_gets_a_decision(server: OpaServer, token: str | None):
    stranger = OpaServer(server.process, server.url, server.diagnostics, server.log, token)
    assert stranger.request(DECISION, method="POST", body={"input": ANALYST})[0] == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/data"),
        ("GET", "/v1/data/catalog"),
        ("GET", DECISION),
        ("POST", "/v1/data/catalog"),
        ("POST", "/"),
        ("POST", "/v0/data/platform/access/decision"),
        ("POST", "/v1/data/platform/access"),
        ("POST", f"{DECISION}?explain=full"),
        ("PUT", "/v1/data/catalog/roles"),
        ("PATCH", "/v1/data/catalog"),
        ("DELETE", "/v1/data/catalog"),
        ("GET", "/v1/policies"),
        ("PUT", "/v1/policies/open"),
        ("DELETE", "/v1/policies/authz.rego"),
        ("POST", "/v1/query"),
        ("POST", "/v1/compile"),
        ("GET", "/v1/config"),
        ("GET", "/v1/status"),
    ],
)
def test_a_known_caller_gets_nothing_but_decisions(server: OpaServer, method: str, path: str):
    body = None if method in ("GET", "DELETE") else {"input": ANALYST}
    assert server.request(path, method=method, body=body)[0] == 401
    assert server.decide(ANALYST)["allow"] is True


def test_probes_and_metrics_are_served_beside_the_decisions_and_decisions_are_not(server: OpaServer):
    stranger = OpaServer(server.process, server.url, server.diagnostics, server.log, None)
    assert stranger.request("/health/live", at=server.diagnostics)[0] == 200
    assert stranger.request("/health/ready", at=server.diagnostics)[0] == 200
    status, metrics = stranger.request("/metrics", at=server.diagnostics)
    assert status == 200
    assert "http_request_duration_seconds" in metrics
    assert server.request(DECISION, method="POST", body={"input": ANALYST}, at=server.diagnostics)[0] == 404


def test_a_question_that_is_too_long_is_not_read(server: OpaServer):
    question = {**ANALYST, "columns": ["x" * QUESTION_BYTES]}
    assert server.request(DECISION, method="POST", body={"input": question})[0] in (400, 413)
    assert server.request(DECISION, method="POST", body=b"{not json")[0] == 400


def test_the_decision_log_has_who_what_and_which_revision_and_no_personal_data(server: OpaServer):
    raw = ["ann.lee@corp.example", "078-05-1120", "4111 1111 1111 1111"]
    question = {**ANALYST, "subject": raw[0], "ssn": raw[1], "columns": [raw[2]], "note": {"card": raw[2]}}
    assert server.decide(question)["allow"] is False
    assert server.decide({**ANALYST, "subject": "00u1a2b3c4"})["allow"] is True
    refused, allowed = server.decisions()[-2:]
    assert allowed["input"] == {**ANALYST, "subject": "00u1a2b3c4"}
    assert allowed["result"]["columns"]
    assert allowed["labels"]["revision"] == refused["labels"]["revision"]
    assert refused["result"]["allow"] is False
    text = server.log.read_text()
    assert [value for value in raw if value in text] == []
    assert TOKEN not in text


def test_a_decision_takes_little_of_what_a_replica_asks_for(server: OpaServer):
    proc = Path(f"/proc/{server.process.pid}")

    def cpu_seconds() -> float:
        user, system = proc.joinpath("stat").read_text().rsplit(") ", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    before = cpu_seconds()
    for _ in range(300):
        server.decide(ANALYST)
    milliseconds = (cpu_seconds() - before) / 300 * 1000
    status = proc.joinpath("status").read_text()
    most = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024
    print(f"{milliseconds:.2f} ms of CPU a decision, {most / 1e6:.0f} MB at most, {os.cpu_count()} cores")
    assert milliseconds < 10
    assert most < MEMORY / 2


def test_the_server_does_not_start_with_a_module_that_does_not_compile(tmp_path: Path):
    folder = mounted(tmp_path / "files", **{"access.rego": "package platform.access\n\nallow := nonsense(\n"})
    with pytest.raises(AssertionError, match="rego_parse_error"), opa_server(folder, list(spec().arguments)):
        pass


@pytest.mark.parametrize("text", ["{", '{"roles": {}, "tenants": }', None])
def test_the_server_does_not_start_with_data_that_cannot_be_read(tmp_path: Path, text: str | None):
    folder = mounted(tmp_path / "files", **{"catalog.json": text})
    with pytest.raises(AssertionError, match=r"catalog\.json"), opa_server(folder, list(spec().arguments)):
        pass


@pytest.mark.parametrize("text", ["{}", '{"roles": {}}', "[]"])
def test_with_an_empty_catalog_it_is_not_ready_and_refuses(tmp_path: Path, text: str):
    folder = mounted(tmp_path / "files", **{"catalog.json": text})
    with opa_server(folder, list(spec().arguments), environment=ENVIRONMENT) as running:
        assert not running.ready()
        for question in _three_readers().values():
            assert running.decide(question)["allow"] is False


def test_without_its_authorization_module_it_answers_nobody(tmp_path: Path):
    folder = mounted(tmp_path / "files", **{"authz.rego": "package system.authz\n"})
    with opa_server(folder, list(spec().arguments), environment=ENVIRONMENT, status=500) as running:
        assert running.request(DECISION, method="POST", body={"input": ANALYST})[0] == 500


def test_a_server_that_was_killed_answers_nothing(tmp_path: Path):
    folder = mounted(tmp_path / "files")
    with opa_server(folder, list(spec().arguments), environment=ENVIRONMENT) as running:
        running.process.kill()
        running.process.wait()
        assert running.request(DECISION, method="POST", body={"input": ANALYST}) == (0, None)
