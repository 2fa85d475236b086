import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.errors import ConfigurationError, SandboxError
from sandbox.host import installs, programs
from sandbox.host.installs import Installed, installed
from sandbox.host.programs import obtain, repository_of, resolve, runnable

ROOT = Path(__file__).parents[4]
CATALOG = yaml.safe_load((ROOT / "infra/catalog/images.yaml").read_text())["images"]
ADDRESS = "127.64.0.7"


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("redis", "redis"),
        ("apache/kafka:4.3.1@sha256:0123", "apache/kafka"),
        ("localhost:5000/stream-gateway:1", "localhost:5000/stream-gateway"),
        ("localhost:5000/stream-gateway", "localhost:5000/stream-gateway"),
    ],
)
def test_the_repository_of_an_image_is_what_stands_before_tag_and_digest(image: str, repository: str):
    assert repository_of(image) == repository


@pytest.mark.parametrize(
    "registry", ["", "localhost:5000/", "1234.dkr.ecr.eu-central-1.amazonaws.com/analytics-platform/"]
)
def test_a_service_of_ours_runs_as_its_image_says_wherever_its_image_is(registry: str):
    program = resolve(f"{registry}stream-gateway:0123", (), ("--version",))
    assert program is not None
    assert program.argv == (sys.executable, "-m", "stream_gateway", "--version")
    under, over = program.environment(ADDRESS, Installed())
    assert over == {"STREAM_GATEWAY_LISTEN_HOST": ADDRESS}
    assert under == {"PATH": installs.BARE_PATH}


def test_a_job_of_ours_is_told_no_address_since_it_would_refuse_the_setting():
    program = resolve("kafka-admin:0123", (), ())
    assert program is not None
    assert program.listen_environment == {}


def test_every_service_of_ours_in_the_catalog_that_has_an_image_can_run():
    ours = {name for name, entry in CATALOG.items() if entry["tag"] == "content"}
    made = {path.parent.name.replace("_", "-") for path in (ROOT / "apps/services").glob("*/Dockerfile")}
    assert {name for name in ours if resolve(f"{name}:0123", (), ())} == ours & made


def test_images_of_others_that_run_here_are_those_of_the_catalog():
    repositories = {entry["repository"] for entry in CATALOG.values()}
    assert programs.IMAGES.keys() <= repositories


@pytest.mark.parametrize(
    "image", ["evil.example/redis:7", "someone/kafka", "kong:3.9.3", "../stream_gateway", "", "redis-exporter:1"]
)
def test_another_image_of_the_same_name_and_unknown_ones_do_not_run(image: str):
    assert resolve(image, ("redis-server",), ()) is None


@pytest.mark.parametrize("image", ["redis:7.2", "docker.io/redis", "docker.io/library/redis", "library/redis:7"])
def test_an_official_image_is_known_by_all_of_its_names(image: str):
    program = resolve(image, (), ("--port", "1"))
    assert program is not None
    assert program.command(ADDRESS, Installed()) == ("redis-server", "--port", "1", "--bind", ADDRESS)


def test_a_container_with_a_command_of_its_own_is_told_no_arguments():
    program = resolve("redis:7.2", ("/bin/bash", "/etc/redis/start.sh"), ())
    assert program is not None
    assert program.command(ADDRESS, Installed()) == ("/bin/bash", "/etc/redis/start.sh")


def test_an_image_whose_entry_point_is_a_script_of_its_own_runs_only_with_a_command():
    assert resolve("postgres:17.11", (), ()) is None
    assert resolve("postgres:17.11", ("/bin/bash", "x"), ()) is not None


def test_listeners_of_kafka_without_a_host_get_the_address():
    program = resolve("apache/kafka:4.3.1", ("/bin/bash", "x"), ())
    assert program is not None
    text = "listeners=CLIENTS://:9092,CONTROLLER://localhost:9093"
    for before, after in program.texts(ADDRESS).items():
        text = text.replace(before, after)
    assert text == f"listeners=CLIENTS://{ADDRESS}:9092,CONTROLLER://localhost:9093"


def test_what_an_image_has_on_its_path_is_found_where_it_is_here():
    place = Installed(programs={"nats-server": Path("/cache/nats-server-v2")}, prefix=("unshare",))
    program = resolve("nats:2.14.5", (), ("--config", "/etc/nats.conf"))
    assert program is not None
    command = ("unshare", "/cache/nats-server-v2", "--config", "/etc/nats.conf", "--addr", ADDRESS)
    assert program.command(ADDRESS, place) == command


def test_programs_of_this_machine_stay_where_a_container_has_mounted_something_over_their_directory():
    """A checkout below /tmp, say, and a container with a /tmp of its own."""

    def here(text: str) -> str:
        return f"/pod{text}" if text.startswith("/") else text

    ours = resolve("stream-gateway:0123", (), ("--config", "/etc/app/file"))
    assert ours is not None
    command = (sys.executable, "-m", "stream_gateway", "--config", "/pod/etc/app/file")
    assert ours.command(ADDRESS, Installed(), here) == command
    nats = resolve("nats:2", (), ("-c", "/etc/nats/nats.conf"))
    assert nats is not None
    place = Installed(programs={"nats-server": Path("/tmp/nats-server")}, prefix=("/tmp/as-somebody",))
    found = nats.command(ADDRESS, place, here)
    assert found[:4] == ("/tmp/as-somebody", "/tmp/nats-server", "-c", "/pod/etc/nats/nats.conf")
    kafka = resolve("apache/kafka", ("/opt/kafka/bin/start.sh",), ())
    assert kafka is not None
    assert kafka.command(ADDRESS, Installed(), here) == ("/pod/opt/kafka/bin/start.sh",)


def test_mlflow_runs_with_packages_of_its_own():
    program = resolve("mlflow-server:0123", (), ("--port=5000",))
    assert program is not None
    place = Installed(programs={"python": Path("/usr/bin/python3")})
    command = ("/usr/bin/python3", "-m", "mlflow_server", "--port=5000", "--host", ADDRESS)
    assert program.command(ADDRESS, place) == command


def pod(*images: str, init: tuple[str, ...] = ()) -> dict[str, Any]:
    containers = {"containers": [{"image": image} for image in images]}
    return {"spec": containers | {"initContainers": [{"image": image} for image in init]}}


def test_a_pod_runs_when_each_of_its_containers_does():
    assert runnable(pod("redis:7", "stream-gateway:1"))
    assert runnable(pod("redis:7", init=("kafka-admin:1",)))
    assert not runnable(pod("redis:7", "kong:3"))
    assert not runnable(pod("redis:7", init=("kong:3",)))
    assert not runnable(pod())
    assert not runnable({})


def test_each_tool_is_got_once_for_all_images_that_need_it(monkeypatch: pytest.MonkeyPatch):
    got: list[str] = []
    monkeypatch.setattr(programs, "installed", lambda tool, _: got.append(tool))
    obtain(["redis:7", "redis:6", "nats:2", "stream-gateway:1", "kong:3"], print)
    assert sorted(got) == ["nats", "redis"]


def test_a_tool_that_cannot_be_had_is_said_when_it_is_got(monkeypatch: pytest.MonkeyPatch):
    def refused(_tool: str, _progress: object) -> None:
        raise SandboxError("no redis", fix="install it")

    monkeypatch.setattr(programs, "installed", refused)
    with pytest.raises(SandboxError, match="no redis"):
        obtain(["redis:7"], print)


def test_a_tool_is_looked_for_once_and_an_unknown_one_is_refused(monkeypatch: pytest.MonkeyPatch):
    looked: list[str] = []
    monkeypatch.setattr(installs, "_found", {})
    monkeypatch.setattr(installs, "_TOOLS", {"one": lambda _: looked.append("one") or Installed()})
    assert installed("one", print) is installed("one", print)
    assert looked == ["one"]
    with pytest.raises(ConfigurationError, match="no tool 'two'"):
        installed("two", print)


def test_every_tool_of_a_program_can_be_got():
    tools = {image.tool for image in programs.IMAGES.values()} | {"mlflow"}
    assert tools == installs._TOOLS.keys()


def test_versions_of_tools_are_those_of_the_images():
    from sandbox.tools.kafka import VERSION
    from sandbox.tools.registry import NATS_VERSION

    assert CATALOG["kafka"]["tag"] == VERSION
    assert f"v{CATALOG['nats']['tag']}" == NATS_VERSION
    pom = (ROOT / "sandbox/tools/kafka_jars/pom.xml").read_text()
    assert re.search(rf"kafka_2.13</artifactId>\s*<version>{re.escape(VERSION)}<", pom)
