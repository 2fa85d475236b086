import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from sandbox.control_plane.nodes import NodeSize, millis, room_of
from sandbox.errors import SandboxError
from sandbox.host import addresses as module
from sandbox.host.addresses import Addresses, Claim
from sandbox.host.extender import filtered
from sandbox.host.mounts import mount_paths
from sandbox.host.notyet import NotYetError
from sandbox.host.podstatus import ContainerState, PodState
from sandbox.host.probes import Probe
from sandbox.host.services import Services
from sandbox.host.variables import environment, expand, field_of, resource_of
from sandbox.host.wanted import images, wanted_programs

POD: dict[str, Any] = {
    "metadata": {"name": "web-1", "namespace": "shop", "uid": "u1", "labels": {"app": "web"}},
    "spec": {"nodeName": "host", "serviceAccountName": "web"},
}


def test_pods_of_one_name_keep_their_address_and_others_have_others():
    addresses = Addresses(3)
    first = addresses.of_pod("shop", "store-0")
    assert addresses.of_pod("shop", "store-0") == first
    assert addresses.of_pod("shop", "store-1") != first
    assert first.startswith("10.245.")
    assert addresses.loopback(first) == f"127.73.{first.removeprefix('10.245.')}"
    assert addresses.loopback("10.96.1.2") == "127.74.1.2"
    assert addresses.loopback("10.244.0.2") is None, "a simulated pod is nowhere"
    assert addresses.loopback("no address") is None
    addresses.forget_pod("shop", "store-0")
    assert addresses.of_pod("shop", "store-0") == first


def test_two_names_that_fall_on_one_address_get_two(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module.zlib, "crc32", lambda _: 7)
    addresses = Addresses(0)
    assert len({addresses.of_pod("shop", f"pod-{index}") for index in range(5)}) == 5


def test_a_slice_of_the_loopback_network_has_one_owner(monkeypatch: pytest.MonkeyPatch):
    first = Claim.take("unit-test")
    second = Claim.take("unit-test")
    assert first.slice != second.slice
    first.release()
    second.release()
    monkeypatch.setattr(module.sys, "platform", "darwin")
    with pytest.raises(SandboxError, match=r"Linux only.*--no-host-processes"):
        Claim.take("unit-test")


def test_when_all_slices_are_taken_the_user_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_SLICES", 0 + 1)
    taken = Claim.take("unit-test-all")
    try:
        with pytest.raises(SandboxError, match="All 1 slices"):
            Claim.take("unit-test-all")
    finally:
        taken.release()


def test_the_scheduler_is_told_one_node_for_pods_that_run_and_all_others_for_the_rest():
    def runnable(pod: Any) -> bool:
        return bool(pod["spec"])

    names = ["node-000", "host", "node-001"]
    here = filtered({"Pod": {"metadata": {}, "spec": {"x": 1}}, "NodeNames": names}, runnable)
    assert here["NodeNames"] == ["host"]
    assert set(here["FailedAndUnresolvableNodes"]) == {"node-000", "node-001"}
    there = filtered({"pod": {"metadata": {}, "spec": {}}, "nodenames": names}, runnable)
    assert there["NodeNames"] == ["node-000", "node-001"]
    asked = {"metadata": {"annotations": {"sandbox.platform/simulate": "pending"}}, "spec": {"x": 1}}
    assert "host" not in filtered({"Pod": asked, "NodeNames": names}, runnable)["NodeNames"]


def test_references_between_variables_are_expanded_as_kubernetes_does():
    known = {"A": "1", "B_C": "2"}
    assert expand("$(A)-$(B_C)-$(NOPE)-$$(A)-$A-$", known) == "1-2-$(NOPE)-$(A)-$A-$"


OBJECTS = {
    "/api/v1/namespaces/shop/configmaps/settings": {"data": {"colour": "red"}},
    "/api/v1/namespaces/shop/secrets/login": {
        "data": {"password": base64.b64encode(b"p4").decode(), "raw": base64.b64encode(b"\xff").decode()}
    },
}


async def fetch(path: str) -> Any:
    return OBJECTS.get(path)


def variables(*entries: dict[str, Any], **container: Any) -> dict[str, str]:
    declared = {"name": "main", "env": list(entries), **container}
    return asyncio.run(environment(fetch, POD, declared, {"status.podIP": "127.1.1.1"}))


def by_key(kind: str, name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"name": "X", "valueFrom": {kind: {"name": name, "key": key, **more}}}


def test_variables_come_from_values_fields_config_maps_and_secrets():
    found = variables(
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)2"},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        by_key("secretKeyRef", "login", "password"),
        envFrom=[
            {"configMapRef": {"name": "settings"}, "prefix": "S_"},
            {"secretRef": {"name": "no", "optional": True}},
        ],
        resources={"limits": {"cpu": "250m"}},
    )
    assert found == {"S_colour": "red", "A": "1", "B": "12", "IP": "127.1.1.1", "APP": "web", "CPU": "1", "X": "p4"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (by_key("secretKeyRef", "nope", "x"), "there is no Secret 'nope'"),
        (by_key("configMapKeyRef", "settings", "x"), "ConfigMap 'settings' has no key 'x'"),
        (by_key("secretKeyRef", "login", "raw"), "key 'raw' of Secret 'login' is no text"),
        ({"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "spec.secret"}}}, "'spec.secret' of a pod cannot be"),
        ({"name": "X", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}, "has no limits.cpu"),
        ({"name": "X", "valueFrom": {"fileKeyRef": {}}}, "a source that is not known here"),
    ],
)
def test_a_variable_that_cannot_be_had_is_named(entry: dict[str, Any], message: str):
    with pytest.raises(NotYetError, match=message):
        variables(entry)
    if "secretKeyRef" in entry.get("valueFrom", {}) and "nope" in message:
        assert variables(by_key("secretKeyRef", "nope", "x", optional=True)) == {}


def test_fields_and_resources_are_read_as_the_kubelet_reads_them():
    assert field_of(POD, "metadata.labels", {}) == 'app="web"'
    memory = {"resources": {"requests": {"memory": "1Gi"}}}
    assert resource_of(memory, {"resource": "requests.memory", "divisor": "1Mi"}) == "1024"
    assert (millis("250m"), millis("1.5"), millis("2Ki")) == (250, 1500, 2_048_000)


def test_the_node_has_the_room_of_all_simulated_ones():
    room = room_of([NodeSize(cpu="8", memory="32Gi", count=3), NodeSize(cpu="500m", memory="1Gi")])
    assert room["cpu"] == "24500m"
    assert room["memory"] == str(97 * 2**30)
    assert room["pods"] == "440"


def test_mounts_of_a_container_lead_to_its_volumes(tmp_path: Path):
    mounts = [{"name": "data", "mountPath": "/data/", "subPath": "a"}, {"name": "conf", "mountPath": "/etc/app"}]
    volumes = {"data": tmp_path / "data", "conf": tmp_path / "conf"}
    found = mount_paths({"volumeMounts": mounts}, volumes, frozenset({"data"}))
    assert found == {"/data": str(tmp_path / "data" / "a"), "/etc/app": str(tmp_path / "conf")}
    assert (tmp_path / "data" / "a").is_dir()


def state(**fields: Any) -> PodState:
    return PodState(ip="10.245.0.1", host_ip="127.0.0.1", begun="2026-01-01T00:00:00Z", **fields)


def test_a_pod_is_pending_until_all_run_then_running_and_ready_when_all_are():
    one, two = ContainerState("one", "i"), ContainerState("two", "i")
    pod = state(main=[one, two], initialized=True)
    assert pod.phase == "Pending"
    one.pid, two.pid = 11, 12
    assert pod.phase == "Running"
    one.ready = True
    unready = next(each for each in pod.to_json({})["conditions"] if each["type"] == "Ready")
    assert (unready["status"], unready["message"]) == ("False", "containers with unready status: [two]")
    two.ready = True
    assert pod.ready


@pytest.mark.parametrize(("codes", "phase"), [((0, 0), "Succeeded"), ((0, 3), "Failed")])
def test_a_pod_whose_containers_have_ended_for_good_ends_as_they_did(codes: tuple[int, int], phase: str):
    containers = [ContainerState(f"c{index}", "i") for index in range(2)]
    for container, code in zip(containers, codes, strict=True):
        container.end(code)
        container.done = True
    pod = state(main=containers, initialized=True)
    assert pod.phase == phase
    ended = pod.to_json({})["containerStatuses"][1]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (codes[1], "Error" if codes[1] else "Completed")


def test_a_condition_that_did_not_change_keeps_its_time():
    pod = state(main=[ContainerState("one", "i", pid=3, ready=True)], initialized=True)
    before = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}]}
    times = {each["type"]: each["lastTransitionTime"] for each in pod.to_json(before)["conditions"]}
    assert times["Ready"] == "2020-01-01T00:00:00Z"
    assert times["Initialized"] != "2020-01-01T00:00:00Z"


def test_a_container_that_waits_after_a_crash_shows_both():
    container = ContainerState("one", "i", pid=5, begun="2026-01-01T00:00:00Z")
    container.end(137)
    container.waiting = ("CrashLoopBackOff", "back-off 2s")
    said = container.to_json()
    assert said["state"]["waiting"] == {"reason": "CrashLoopBackOff", "message": "back-off 2s"}
    assert said["lastState"]["terminated"]["exitCode"] == 137


def test_probes_have_the_defaults_of_kubernetes():
    probe = Probe.of({"tcpSocket": {"port": "http"}})
    assert probe is not None
    assert (probe.delay, probe.period, probe.timeout, probe.successes, probe.failures) == (0, 10, 1, 1, 3)
    assert Probe.of(None) is None


def named(name: str, cluster_ip: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"clusterIP": cluster_ip, "ports": []}}


def test_names_of_services_stand_for_addresses_of_this_machine():
    services = Services(Addresses(0))
    services.on_service("ADDED", named("web", "10.96.0.7"))
    services.on_service("ADDED", named("store", "None"))
    assert services.lookup("web", "shop", "") == "127.65.0.7"
    assert services.lookup("store", "shop", "").startswith("127.66.")
    assert services.lookup("store", "shop", "store-0").startswith("127.64.")
    assert services.lookup("web", "elsewhere", "") is None
    assert set(services.bare("shop")) == {"web", "store"}
    services.on_service("DELETED", named("web", "10.96.0.7"))
    assert services.lookup("web", "shop", "") is None


async def test_each_change_of_a_service_is_told_once_its_proxies_are_as_it_says():
    told = asyncio.Event()
    services = Services(Addresses(0), changed=told.set)
    running = asyncio.create_task(services.run())
    for kind in ("ADDED", "DELETED"):
        services.on_service(kind, named("web", "10.96.0.7"))
        await asyncio.wait_for(told.wait(), timeout=10)
        told.clear()
    running.cancel()


def test_pods_run_on_the_stack_of_this_machine_unless_somebody_says_no(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SANDBOX_HOST_PROCESSES", raising=False)
    assert wanted_programs("local") == "sandbox.host.programs"
    assert wanted_programs("prod") == ""
    assert wanted_programs("local", refused=True) == ""
    monkeypatch.setenv("SANDBOX_HOST_PROCESSES", "0")
    assert wanted_programs("local") == ""


def test_the_images_of_what_is_declared_are_found_wherever_they_stand():
    deployment = {"spec": {"template": {"spec": {"containers": [{"image": "a"}], "initContainers": [{"image": "b"}]}}}}
    job = {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "a"}, {"x": 1}]}}}}}}
    assert images([deployment, job, {"spec": {"containers": "text"}}]) == ["a", "b"]
