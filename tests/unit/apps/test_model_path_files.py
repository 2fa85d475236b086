"""The files beside the code of the model's training and serving say what the code does."""

import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

ROOT = Path(__file__).parents[3]
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
SERVICES = {"model_server": "ModelServerSettings", "model_training": "ModelTrainingSettings"}

every_service = pytest.mark.parametrize("package", SERVICES)


def folder(package: str) -> Path:
    return ROOT / "apps" / "services" / package


def test_the_committed_openapi_document_is_what_the_service_serves():
    from model_server.__main__ import openapi

    assert (folder("model_server") / "openapi.json").read_text() == openapi(), (
        "renew it: python -m model_server --openapi > apps/services/model_server/openapi.json"
    )


def test_every_path_of_the_openapi_document_is_in_the_readme_and_no_other():
    listed = set(re.findall(r"^\| `(/[\w/-]+)` \|", (folder("model_server") / "README.md").read_text(), re.MULTILINE))
    assert listed == set(json.loads((folder("model_server") / "openapi.json").read_text())["paths"])


@every_service
def test_every_setting_is_in_the_readme_with_its_default_and_no_other(package: str):
    settings = getattr(importlib.import_module(f"{package}.settings"), SERVICES[package])
    expected = {}
    for name, field in settings.model_fields.items():
        leaves = {name: field}
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            leaves = {f"{name}_{inner}": leaf for inner, leaf in field.annotation.model_fields.items()}
        for leaf, described in leaves.items():
            default = "required" if described.is_required() else f"`{described.default}`"
            expected[f"{package}_{leaf}".upper()] = default
    readme = (folder(package) / "README.md").read_text()
    assert dict(re.findall(rf"^\| `({package.upper()}_\w+)` \| (\S+) \|", readme, re.MULTILINE)) == expected


@every_service
def test_the_image_installs_what_is_declared_at_the_versions_that_the_tests_run_with(package: str):
    text = (folder(package) / "requirements.lock").read_text()
    locked = set(LOCKED.findall(text))
    assert locked
    assert locked <= set(LOCKED.findall((ROOT / "locks" / "dev.txt").read_text()))
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {line for line in (folder(package) / "requirements.in").read_text().splitlines() if line[0] != "#"}
    assert wanted <= {*declared["dependencies"], *declared["optional-dependencies"]["apps"]}
    assert {name.partition("[")[0] for name in wanted} <= {name for name, _ in locked}
    assert "://" not in text
    for requirement in re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in requirement, requirement


@every_service
def test_the_image_is_built_from_exact_tags_of_one_version_and_runs_as_a_user_that_is_not_root(package: str):
    text = (folder(package) / "Dockerfile").read_text()
    build, final = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:\d+\.\d+\.\d+-slim-\w+", final)
    assert build == final.replace("-slim", ""), "LightGBM's OpenMP library comes from the base with compilers"
    assert "COPY --from=build /opt/lib /opt/lib" in text
    assert "LD_LIBRARY_PATH=/opt/lib" in text
    assert int(re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE)[-1][0]) > 0


@every_service
def test_every_library_of_ours_that_is_imported_is_copied_into_the_image(package: str):
    libraries = {path.name for path in (ROOT / "apps" / "libs").iterdir() if (path / "__init__.py").is_file()}
    imported = set()
    for source in folder(package).rglob("*.py"):
        imported |= set(re.findall(r"^(?:from|import) (\w+)", source.read_text(), re.MULTILINE))
    text = (folder(package) / "Dockerfile").read_text()
    ignored = (folder(package) / "Dockerfile.dockerignore").read_text()
    assert imported & libraries
    for library in imported & libraries:
        assert f"COPY libs/{library} /app/{library}\n" in text
        assert f"!libs/{library}\n" in ignored
