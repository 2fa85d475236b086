import re
from pathlib import Path

import pytest

import sandbox.tools
from sandbox.errors import ConfigurationError
from sandbox.tools.golang import MINIMUM, locked_version, parse_go_version
from sandbox.tools.registry import CONTROL_PLANE_TOOLS, TOOLS, Tool, tool

MODULES = Path(sandbox.tools.__file__).parent


@pytest.mark.parametrize("wanted", TOOLS, ids=lambda wanted: wanted.name)
def test_the_go_module_of_a_tool_pins_the_version_that_the_registry_names(wanted: Tool):
    go_mod = (MODULES / wanted.module / "go.mod").read_text()
    module = max((name for name in re.findall(r"require (\S+) v", go_mod) if wanted.package.startswith(name)), key=len)
    assert f"require {module} {wanted.version}\n" in go_mod
    assert (MODULES / wanted.module / "go.sum").stat().st_size


@pytest.mark.parametrize("wanted", TOOLS, ids=lambda wanted: wanted.name)
def test_the_go_module_of_a_tool_imports_the_package_that_is_built(wanted: Tool):
    assert f'_ "{wanted.package}"' in (MODULES / wanted.module / "tools.go").read_text()


def test_go_modules_ask_for_no_newer_go_than_the_resolver_checks_for():
    for go_mod in MODULES.glob("*/go.mod"):
        (asked,) = re.findall(r"^go (\d+)\.(\d+)", go_mod.read_text(), re.MULTILINE)
        assert (int(asked[0]), int(asked[1])) <= MINIMUM, go_mod


def test_the_locked_go_wheel_is_new_enough_and_its_lock_carries_hashes_and_no_address():
    assert (parse_go_version(f"go{locked_version()}") or (0, 0)) >= MINIMUM
    lock = (MODULES.parents[1] / "locks" / "go.txt").read_text()
    assert lock.count("--hash=sha256:") >= 4
    assert "://" not in lock


def test_kubernetes_programs_are_stamped_with_their_version():
    for wanted in TOOLS:
        if wanted.module == "kubernetes":
            assert f"-X k8s.io/component-base/version.gitVersion={wanted.version}" in wanted.ldflags
            assert "-X k8s.io/component-base/version.gitMinor=34" in wanted.ldflags


def test_every_download_is_https_and_has_a_checksum_beside_it():
    for wanted in TOOLS:
        if wanted.release:
            assert wanted.release.url.startswith("https://")
            assert wanted.release.checksum_url.startswith("https://")
            assert wanted.version in wanted.release.url


def test_the_control_plane_needs_no_optional_tool():
    assert not any(tool(name).optional for name in CONTROL_PLANE_TOOLS)


def test_an_unknown_tool_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(ConfigurationError, match="There is no tool 'kubeclt'") as caught:
        tool("kubeclt")
    assert "kubectl" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8\n", (1, 26)), ("go version go1.24 linux/amd64", (1, 24)), ("go1.26rc1", (1, 26)), ("gone", None)],
)
def test_go_says_its_version(text: str, version: tuple[int, int] | None):
    assert parse_go_version(text) == version


def test_velero_opens_no_port_that_nobody_chose():
    assert "-X sigs.k8s.io/controller-runtime/pkg/metrics/server.DefaultBindAddress=0" in tool("velero").ldflags
