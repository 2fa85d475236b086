import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.mounts import Volumes
from sandbox.host.notyet import NotYetError
from sandbox.host.process import last_words, trim


class FakeApi:
    """Holds objects by path; counts the tokens that it gave out."""

    def __init__(self, objects: dict[str, Any]) -> None:
        self.objects = objects
        self.asked: list[dict[str, Any]] = []

    async def find(self, path: str) -> Any:
        return self.objects.get(path)

    async def request(self, _method: str, path: str, body: Any) -> Any:
        self.asked.append({"path": path, **body["spec"]})
        return {"status": {"token": f"token-{len(self.asked)}"}}


CORE = "/api/v1/namespaces/shop"
OBJECTS: dict[str, Any] = {
    f"{CORE}/configmaps/settings": {
        "data": {"app.conf": "at=there", "other": "x"},
        "binaryData": {"raw": base64.b64encode(b"\xff\x00").decode()},
    },
    f"{CORE}/secrets/login": {"data": {"password": base64.b64encode(b"p4").decode()}},
    f"{CORE}/persistentvolumeclaims/unbound": {"spec": {}, "status": {"phase": "Pending"}},
    f"{CORE}/persistentvolumeclaims/odd": {"spec": {"volumeName": "pv-odd"}, "status": {"phase": "Bound"}},
    "/api/v1/persistentvolumes/pv-odd": {"spec": {"nfs": {}}},
}


def made(tmp_path: Path, *volumes: dict[str, Any]) -> tuple[Volumes, FakeApi, dict[str, Any]]:
    container = {"name": "main", "volumeMounts": [{"name": each["name"], "mountPath": "/x"} for each in volumes]}
    metadata = {"name": "web-1", "namespace": "shop", "uid": "u1", "labels": {"app": "web"}}
    spec = {"containers": [container], "volumes": list(volumes), "serviceAccountName": "web"}
    api = FakeApi(OBJECTS)
    return Volumes(api, {"metadata": metadata, "spec": spec}, tmp_path, {"status.podIP": "127.1.1.1"}), api, container  # type: ignore[arg-type]


def written(tmp_path: Path, volume: dict[str, Any]) -> dict[str, bytes]:
    """The files of one volume of a pod, by their path in it."""
    volumes, _, container = made(tmp_path, volume)
    asyncio.run(volumes.write(container, lambda text: text.replace("there", "here")))
    directory = asyncio.run(volumes.locate(container))[volume["name"]]
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_files_of_a_config_map_get_the_names_of_this_machine_and_binary_ones_stay(tmp_path: Path):
    found = written(tmp_path, {"name": "conf", "configMap": {"name": "settings"}})
    assert found == {"app.conf": b"at=here", "other": b"x", "raw": b"\xff\x00"}


def test_only_the_chosen_keys_are_written_where_they_are_wanted(tmp_path: Path):
    items = [{"key": "app.conf", "path": "deep/a.conf"}]
    assert list(written(tmp_path, {"name": "c", "configMap": {"name": "settings", "items": items}})) == ["deep/a.conf"]


def test_secrets_are_for_their_owner_alone(tmp_path: Path):
    volumes, _, container = made(tmp_path, {"name": "login", "secret": {"secretName": "login"}})
    asyncio.run(volumes.write(container, str))
    path = asyncio.run(volumes.locate(container))["login"] / "password"
    assert path.read_bytes() == b"p4"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_projected_volume_holds_what_each_source_gives_and_tokens_are_renewed(tmp_path: Path):
    sources = [
        {"serviceAccountToken": {"path": "token", "audience": "them", "expirationSeconds": 600}},
        {"configMap": {"name": "settings", "items": [{"key": "other", "path": "other"}]}},
        {"secret": {"name": "login"}},
        {"downwardAPI": {"items": [{"path": "app", "fieldRef": {"fieldPath": "metadata.labels['app']"}}]}},
    ]
    volumes, api, container = made(tmp_path, {"name": "all", "projected": {"sources": sources}})
    asyncio.run(volumes.write(container, str))
    directory = asyncio.run(volumes.locate(container))["all"]
    assert (directory / "token").read_text() == "token-1"
    assert (directory / "app").read_text() == "web"
    assert {path.name for path in directory.iterdir()} == {"token", "other", "password", "app"}
    asked = api.asked[0]
    assert asked["path"] == f"{CORE}/serviceaccounts/web/token"
    assert (asked["audiences"], asked["expirationSeconds"]) == (["them"], 600)
    assert asked["boundObjectRef"]["uid"] == "u1"
    asyncio.run(volumes.refresh_tokens())
    assert (directory / "token").read_text() == "token-2"


def test_an_empty_directory_is_shared_by_containers_and_files_of_objects_are_not(tmp_path: Path):
    volumes, _, container = made(
        tmp_path, {"name": "tmp", "emptyDir": {}}, {"name": "c", "configMap": {"name": "settings"}}
    )
    other = {**container, "name": "other"}
    mine, theirs = asyncio.run(volumes.locate(container)), asyncio.run(volumes.locate(other))
    assert mine["tmp"] == theirs["tmp"]
    assert mine["c"] != theirs["c"]


def test_what_is_optional_may_be_missing(tmp_path: Path):
    assert written(tmp_path, {"name": "c", "configMap": {"name": "nope", "optional": True}}) == {}
    items = [{"key": "nope", "path": "x"}]
    assert written(tmp_path, {"name": "d", "configMap": {"name": "settings", "items": items, "optional": True}}) == {}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "nope"}}, "there is no ConfigMap 'nope'"),
        ({"secret": {"secretName": "nope"}}, "there is no Secret 'nope'"),
        ({"secret": {"secretName": "login", "items": [{"key": "x", "path": "x"}]}}, "Secret 'login' has no key 'x'"),
        ({"persistentVolumeClaim": {"claimName": "nope"}}, "there is no claim 'nope'"),
        ({"persistentVolumeClaim": {"claimName": "unbound"}}, "claim 'unbound' is not bound"),
        ({"persistentVolumeClaim": {"claimName": "odd"}}, "'pv-odd' of claim 'odd' is no directory of this machine"),
        ({"hostPath": {"path": "/"}}, "a directory of the node is not given to a pod"),
        ({"nfs": {}}, "of a kind that cannot be had here: nfs"),
        ({"projected": {"sources": [{"podCertificate": {}}]}}, "a source that cannot be had here: podCertificate"),
        (
            {"configMap": {"name": "settings", "items": [{"key": "other", "path": "../../x"}]}},
            r"the path '../../x' of a volume leads out of it",
        ),
    ],
)
def test_a_volume_that_cannot_be_made_yet_or_at_all_is_named(tmp_path: Path, volume: dict[str, Any], message: str):
    volumes, _, container = made(tmp_path, {"name": "v", **volume})

    async def make() -> None:
        await volumes.locate(container)
        await volumes.write(container, str)

    with pytest.raises(NotYetError, match=message):
        asyncio.run(make())


def test_a_log_that_has_grown_too_large_loses_its_older_half(tmp_path: Path):
    log = tmp_path / "web.log"
    log.write_text("".join(f"line {number:05}\n" for number in range(1000)))
    trim(log, limit=100_000)
    assert log.stat().st_size == 11_000
    trim(log, limit=5000)
    kept = log.read_text().splitlines()
    assert kept[-1] == "line 00999"
    assert 200 < len(kept) < 240
    assert all(len(line) == 10 for line in kept), "no line is cut"
    trim(tmp_path / "none.log")


def test_the_last_words_of_a_log_are_its_last_lines(tmp_path: Path):
    log = tmp_path / "web.log"
    log.write_text("".join(f"{number}\n" for number in range(5000)))
    assert last_words(log, lines=2) == "4998\n4999"
    assert last_words(tmp_path / "none.log") == ""
