"""The files beside the code say what the code does: OpenAPI document, README, lock, Dockerfile."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
import stream_gateway
from pydantic import BaseModel
from stream_gateway.__main__ import main, openapi
from stream_gateway.settings import StreamGatewaySettings

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "apps" / "services" / "stream_gateway"
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)


def test_the_committed_openapi_document_is_what_the_service_serves():
    assert (FOLDER / "openapi.json").read_text() == openapi(), (
        "renew it: python -m stream_gateway --openapi > apps/services/stream_gateway/openapi.json"
    )


def test_the_openapi_document_can_be_printed_without_any_setting(capsys: pytest.CaptureFixture[str]):
    assert main(["--openapi"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["info"] == {
        "title": "stream-gateway",
        "version": stream_gateway.__version__,
        "description": document["info"]["description"],
    }


def test_every_path_of_the_openapi_document_is_in_the_readme_and_no_other():
    listed = set(re.findall(r"^\| `(/[\w/]*)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert listed == {"/", "/ws/stream", *json.loads(openapi())["paths"]}


def test_every_setting_is_in_the_readme_with_its_default_and_no_other():
    expected = {}
    for name, field in StreamGatewaySettings.model_fields.items():
        leaves = {name: field}
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            leaves = {f"{name}_{inner}": leaf for inner, leaf in field.annotation.model_fields.items()}
        for leaf, described in leaves.items():
            default = "required" if described.is_required() else f"`{described.default}`"
            expected[f"STREAM_GATEWAY_{leaf}".upper()] = default
    listed = re.findall(r"^\| `(STREAM_GATEWAY_\w+)` \| (\S+) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert dict(listed) == expected


def test_the_image_installs_exactly_the_versions_that_the_tests_run_with():
    lock = dict(LOCKED.findall((FOLDER / "requirements.lock").read_text()))
    tested = dict(LOCKED.findall((ROOT / "locks" / "dev.txt").read_text()))
    assert lock
    assert {name: tested.get(name) for name in lock} == lock


def test_the_image_installs_what_the_service_and_its_library_import_and_pyproject_declares_it():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = {*declared["dependencies"], *declared["optional-dependencies"]["apps"]}
    wanted = {line for line in (FOLDER / "requirements.in").read_text().splitlines() if not line.startswith("#")}
    assert wanted <= known
    modules = {line.split("[")[0].replace("-", "_").replace("pyjwt", "jwt") for line in wanted}
    folders = [FOLDER, ROOT / "apps" / "libs" / "servicekit"]
    text = "\n".join(file.read_text() for folder in folders for file in folder.rglob("*.py"))
    imported = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) - sys.stdlib_module_names
    # What FastAPI and pydantic bring along themselves.
    assert imported - {"servicekit", "stream_gateway", "starlette", "pydantic_core"} == modules


def test_the_lock_carries_hashes_and_no_address():
    text = (FOLDER / "requirements.lock").read_text()
    for requirement in re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in requirement, requirement
    assert "://" not in text


def test_the_image_is_built_from_exact_tags_and_runs_as_a_numeric_user_that_is_not_root():
    text = (FOLDER / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"docker\.io/library/python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert len(set(bases)) == 1
    user, group = re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE)[-1]
    assert int(user) > 0
    assert int(group) > 0


def test_the_build_fetches_nothing_but_locked_packages():
    text = (FOLDER / "Dockerfile").read_text()
    assert "--require-hashes" in text
    assert not re.search(r"\b(curl|wget|apt-get|ADD|ARG)\b", text)
