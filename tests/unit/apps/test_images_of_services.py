"""Each service's image is built alone, from a Dockerfile of its own; what these hold is alike, and held alike here."""

import re
from pathlib import Path

import pytest

APPS = Path(__file__).parents[3] / "apps"
PACKAGES = sorted(dockerfile.parent.name for dockerfile in APPS.glob("services/*/Dockerfile"))

BASE = "docker.io/library/python:3.12.12-slim-trixie"
"""The one base of all. A new one goes here and into each Dockerfile."""

WITH_COMPILERS = BASE.replace("-slim", "")
"""The same Python and Debian with GCC, whose OpenMP library LightGBM needs: a base for building only."""

PORTS = {"mlflow_server": "5000"}
"""Those that are not 8080."""

MAY_DIFFER = re.compile(
    r"^(?:COPY libs/\w+ /app/\w+|EXPOSE \d+"
    r"|# The build's base is the one with compilers: .*"
    r"|RUN mkdir /opt/lib && cp -L /usr/lib/\*-linux-gnu/libgomp\.so\.1 /opt/lib/"
    r"|COPY --from=build /opt/lib /opt/lib)\n",
    re.MULTILINE,
)
"""What a service needs and another does not; tests below say which has it."""

every_image = pytest.mark.parametrize("package", PACKAGES)


def text_of(package: str, name: str = "Dockerfile") -> str:
    return (APPS / "services" / package / name).read_text()


def in_common(package: str) -> str:
    text = MAY_DIFFER.sub("", text_of(package)).replace(package, "<service>")
    return text.replace(f"FROM {WITH_COMPILERS} AS build", f"FROM {BASE} AS build").replace(
        " LD_LIBRARY_PATH=/opt/lib", ""
    )


def needs_openmp(package: str) -> bool:
    return "lightgbm" in text_of(package, "requirements.in").splitlines()


def libraries_of(package: str) -> set[str]:
    """Those of ours that the service imports, and that these import."""
    ours = {path.parent.name for path in APPS.glob("libs/*/__init__.py")}
    found: set[str] = set()
    waiting = [APPS / "services" / package]
    while waiting:
        sources = "\n".join(file.read_text() for file in waiting.pop().rglob("*.py"))
        new = (ours & set(re.findall(r"^ *(?:from|import) (\w+)", sources, re.MULTILINE))) - found
        found |= new
        waiting += [APPS / "libs" / name for name in new]
    return found


def test_the_dockerfiles_differ_in_nothing_but_what_one_service_needs_and_another_does_not():
    assert len(PACKAGES) >= 10
    texts = {package: in_common(package) for package in PACKAGES}
    assert {package for package, text in texts.items() if text != texts[PACKAGES[0]]} == set()


@every_image
def test_an_image_is_built_in_two_stages_from_the_one_base_and_keeps_no_tool_of_the_build(package: str):
    build, final = re.findall(r"^FROM (.+)$", text_of(package), re.MULTILINE)
    assert build == f"{WITH_COMPILERS if needs_openmp(package) else BASE} AS build"
    assert final == BASE
    last = text_of(package).rpartition("\nFROM ")[2]
    assert re.findall(r"^(?:RUN|ADD|COPY (?!--from=build ))", last, re.MULTILINE) == []


@every_image
def test_an_image_runs_as_a_numeric_user_that_is_not_root(package: str):
    assert re.findall(r"^USER (.+)$", text_of(package), re.MULTILINE) == ["10001:10001"]


@every_image
def test_an_image_holds_no_secret_and_fetches_nothing_but_locked_packages(package: str):
    text = text_of(package)
    assert re.findall(r"\b(?:ARG|ADD|LABEL|curl|wget|apt-get|git)\b|--mount|://", text) == []
    assert re.findall(r"(?i)password|secret|token|credential|api_?key", text) == []
    assert text.count("pip --python") == 1
    assert "--require-hashes --no-deps --only-binary :all:" in text


@every_image
def test_an_image_gets_openmp_where_lightgbm_is_installed_and_nowhere_else(package: str):
    text = text_of(package)
    parts = ("libgomp.so.1 /opt/lib/", "COPY --from=build /opt/lib /opt/lib\n", " LD_LIBRARY_PATH=/opt/lib ")
    assert [part in text for part in parts] == [needs_openmp(package)] * 3


@every_image
def test_an_image_names_the_port_that_its_service_listens_on_and_a_jobs_none(package: str):
    serves = package in PORTS or (APPS / "services" / package / "openapi.json").is_file()
    ports = re.findall(r"^EXPOSE (\d+)$", text_of(package), re.MULTILINE)
    assert ports == ([PORTS.get(package, "8080")] if serves else [])


@every_image
def test_an_image_holds_the_libraries_of_ours_that_the_service_reaches_and_no_other_source(package: str):
    libraries = libraries_of(package)
    copied = re.findall(r"^COPY ((?:libs|services)/\S+) (\S+)$", text_of(package), re.MULTILINE)
    assert dict(copied) == {
        **{f"libs/{library}": f"/app/{library}" for library in libraries},
        f"services/{package}/requirements.lock": "/build/requirements.lock",
        f"services/{package}": f"/app/{package}",
    }
    lines = [line for line in text_of(package, "Dockerfile.dockerignore").splitlines() if not line.startswith("#")]
    left_out = ["Dockerfile*", "README.md", "requirements.in"]
    if (APPS / "services" / package / "openapi.json").is_file():
        left_out.append("openapi.json")
    assert lines[0] == "*", "nothing goes into the build but what is let in after it"
    assert set(lines[1:]) == {
        *(f"!libs/{library}" for library in libraries),
        f"!services/{package}",
        "**/__pycache__",
        "**/*.pyc",
        *(f"services/{package}/{name}" for name in left_out),
    }
