import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.control_plane.contents import cluster_contents
from tests.support.asking import asking
from tests.support.host_programs import IMAGE
from tests.support.hosted import Hosted, found, get, hosted_sandbox, is_ready, pod_spec, service, until, workload

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with hosted_sandbox(tmp_path_factory.mktemp("hosted")) as running:
        yield running


def run(hosted: Hosted, name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Deploy one pod and wait until it is ready."""
    hosted.create("deployments", workload(name, spec, **more))
    until(lambda: [pod for pod in hosted.pods(name) if is_ready(pod)], f"{name} is ready")
    return hosted.pod(name)


def remove(hosted: Hosted, kind: str, *names: str) -> None:
    for name in names:
        hosted.client.request("DELETE", f"{hosted.path(kind, name)}?propagationPolicy=Background")
    for name in names:
        until(lambda name=name: not hosted.pods(name), f"the pods of {name} are gone")


def test_pods_of_known_images_run_and_others_are_simulated(hosted: Hosted) -> None:
    hosted.create(
        "deployments", workload("stranger", {"containers": [{"name": "main", "image": "nginx:1"}]}, replicas=2)
    )
    pod = run(hosted, "known", pod_spec({"VERSION": "7"}))
    asked = pod_spec() | {"containers": [{"name": "main", "image": IMAGE}]}
    told = workload("told", asked)
    told["spec"]["template"]["metadata"]["annotations"] = {"sandbox.platform/simulate": "crash-loop"}
    hosted.create("deployments", told)
    until(lambda: [each for each in hosted.pods("told") if "podIP" in each["status"]], "the simulated one")

    assert pod["spec"]["nodeName"] == "host"
    assert not any("message" in condition for condition in pod["status"]["conditions"])
    assert pod["status"]["podIP"].startswith("10.245.")
    assert get(hosted.entry("known")["address"]) == (200, "7")
    until(lambda: len([each for each in hosted.pods("stranger") if is_ready(each)]) == 2, "simulated pods are ready")
    assert all(each["spec"]["nodeName"] != "host" for each in [*hosted.pods("stranger"), *hosted.pods("told")])
    remove(hosted, "deployments", "stranger", "known", "told")


def test_a_service_that_is_made_after_its_pods_is_written_down_and_one_that_is_gone_no_longer(hosted: Hosted) -> None:
    run(hosted, "early", pod_spec())
    hosted.create("services", service("early"))
    assert get(hosted.service_address("early"))[0] == 200
    hosted.client.request("DELETE", hosted.path("services", "early"))
    until(lambda: "early" not in {each["name"] for each in hosted.said()["services"]}, "the Service is gone")
    remove(hosted, "deployments", "early")


def test_a_process_gets_exactly_its_variables_and_files_with_the_names_of_this_machine(hosted: Hosted) -> None:
    os.environ["PRECIOUS"] = "of the user"
    hosted.create(
        "configmaps", {"metadata": {"name": "settings"}, "data": {"COLOUR": "red", "app.conf": _CONFIGURATION}}
    )
    hosted.create(
        "secrets", {"metadata": {"name": "login"}, "stringData": {"password": "p4ss", "url": "u@pair:8080/x"}}
    )
    hosted.create("services", service("pair"))
    hosted.create("services", service("crew", clusterIP="None"))
    volumes = [
        {"name": "conf", "configMap": {"name": "settings", "items": [{"key": "app.conf", "path": "app.conf"}]}},
        {"name": "login", "secret": {"secretName": "login"}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "pair"}}]}},
        {"name": "tmp", "emptyDir": {}},
    ]
    places = {"conf": "/etc/app", "login": "/etc/login", "token": "/var/run/token", "tmp": "/tmp"}
    container = {
        "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "C_"}],
        "env": [
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "PAIR", "value": "http://pair.shop.svc.cluster.local:8080/$(POD)"},
            {"name": "CONFIG", "value": "/etc/app/app.conf"},
            {"name": "LOGIN", "value": "/etc/login/url"},
            {"name": "TOKEN", "value": "/var/run/token/token"},
        ],
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in places.items()],
    }
    pod = run(hosted, "pair", pod_spec(container=container, volumes=volumes))

    address, proxy = hosted.entry("pair")["address"], hosted.service_address("pair")
    told = json.loads(get(address, "/env")[1])
    assert told["PASSWORD"] == "p4ss"
    assert told["C_COLOUR"] == "red"
    assert told["IP"] == address
    assert told["PAIR"] == f"http://{proxy}:8080/{pod['metadata']['name']}"
    assert "PRECIOUS" not in told
    assert told["HOME"].startswith(str(hosted.home))
    assert Path(told["TMPDIR"]).is_dir()
    configuration = get(address, f"/file?{told['CONFIG']}")[1]
    assert f"listeners=CLIENTS://{address}:9092,CONTROLLER://{address}:9093" in configuration
    assert f"pair={proxy}:8080" in configuration
    assert "mine=pair.shop" not in configuration
    assert "data=/var/lib/app" in configuration
    assert get(address, f"/file?{told['LOGIN']}")[1] == f"u@{proxy}:8080/x"
    assert get(address, f"/file?{told['TOKEN']}")[1].count(".") == 2
    secret_file = Path(told["LOGIN"])
    assert secret_file.stat().st_mode & 0o777 == 0o600
    remove(hosted, "deployments", "pair")
    assert not secret_file.exists()


_CONFIGURATION = """\
listeners=CLIENTS://:9092,CONTROLLER://localhost:9093
pair=pair:8080
mine=pair.shop
crew=crew-0.crew.shop.svc.cluster.local:9092
data=/var/lib/app
"""


def test_a_rolling_update_under_load_fails_no_request(hosted: Hosted) -> None:
    hosted.create("services", service("web"))
    hosted.create("deployments", workload("web", pod_spec({"VERSION": "1", "START_SECONDS": "0.3"}), replicas=2))
    until(lambda: len([pod for pod in hosted.pods("web") if is_ready(pod)]) == 2, "both are ready")
    address = hosted.service_address("web")
    change = workload("web", pod_spec({"VERSION": "2", "START_SECONDS": "0.3"}), replicas=2)

    def is_over() -> bool:
        status = found(hosted.client, hosted.path("deployments", "web"))["status"]
        return status.get("updatedReplicas") == 2 and status["replicas"] == 2 and status.get("availableReplicas") == 2

    with asking(lambda: get(address, "/slow?0.02")[1], sides=4) as answers:
        until(lambda: answers, "the first answer")
        hosted.client.request(
            "PATCH", hosted.path("deployments", "web"), change, content_type="application/strategic-merge-patch+json"
        )
        time.sleep(0.2)
        until(is_over, "the update is over")
        until(lambda: answers[-8:] == ["2"] * 8, "the new version answers alone")
    assert set(answers) == {"1", "2"}
    assert len(answers) > 50
    remove(hosted, "deployments", "web")


def test_a_version_that_is_never_ready_gets_no_traffic_and_says_why(hosted: Hosted) -> None:
    hosted.create("services", service("shy"))
    run(hosted, "shy", pod_spec({"VERSION": "1"}))
    address = hosted.service_address("shy")
    change = workload("shy", pod_spec({"VERSION": "2", "NEVER_READY": "1"}))
    hosted.client.request(
        "PATCH", hosted.path("deployments", "shy"), change, content_type="application/strategic-merge-patch+json"
    )
    until(lambda: any("statuscode: 503" in text for text in hosted.events("Unhealthy")), "the event that says why")
    assert {get(address)[1] for _ in range(20)} == {"1"}
    (new,) = [pod for pod in hosted.pods("shy") if not is_ready(pod)]
    ready = next(each for each in new["status"]["conditions"] if each["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert "main" in ready["message"]
    remove(hosted, "deployments", "shy")


def test_a_crash_is_followed_by_a_restart_with_growing_delay_and_the_log_before_is_kept(hosted: Hosted) -> None:
    run(hosted, "frail", pod_spec())
    address = hosted.entry("frail")["address"]
    begin = time.monotonic()
    for count in (1, 2):
        with contextlib.suppress(OSError):
            get(address, "/crash")
        until(lambda count=count: _restarts(hosted, "frail") == count, "it is restarted")
        until(lambda: is_ready(hosted.pod("frail")), "it is ready again")
    assert 3.0 <= time.monotonic() - begin < 15.0, "one second, then two"
    last = hosted.pod("frail")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    entry = hosted.entry("frail")
    assert "crashing" in Path(entry["previous_log"]).read_text()
    assert "crashing" not in Path(entry["log"]).read_text()
    assert any("Back-off restarting" in text for text in hosted.events("BackOff"))
    remove(hosted, "deployments", "frail")


def _restarts(hosted: Hosted, app: str) -> int:
    return int(hosted.pod(app)["status"]["containerStatuses"][0]["restartCount"])


def test_a_container_that_fails_its_liveness_probe_is_killed_and_restarted(hosted: Hosted) -> None:
    run(hosted, "stuck", pod_spec())
    get(hosted.entry("stuck")["address"], "/hang")
    until(lambda: _restarts(hosted, "stuck") == 1, "it is restarted")
    assert any("Liveness probe failed" in text and "500" in text for text in hosted.events("Unhealthy"))
    assert any("failed liveness probe" in text for text in hosted.events("Killing"))
    remove(hosted, "deployments", "stuck")


def test_jobs_end_as_their_processes_do(hosted: Hosted) -> None:
    for name, script in (("good", "print('done')"), ("bad", "raise SystemExit(4)")):
        command = [sys.executable, "-c", script]
        spec = pod_spec(probes=False, container={"command": command}, restartPolicy="Never")
        job = {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": spec}}}
        hosted.create("jobs", job)

    def condition(name: str) -> set[str]:
        status = found(hosted.client, hosted.path("jobs", name))["status"]
        return {each["type"] for each in status.get("conditions") or [] if each["status"] == "True"}

    until(lambda: "Complete" in condition("good"), "the good job is complete")
    until(lambda: "Failed" in condition("bad"), "the bad job has failed")
    for name in ("good", "bad"):
        hosted.client.request("DELETE", f"{hosted.path('jobs', name)}?propagationPolicy=Background")
    until(lambda: not [each for each in hosted.said()["pods"] if each["owner"] in ("good", "bad")], "their pods go")


def test_containers_that_begin_run_one_after_the_other_before_the_others(hosted: Hosted) -> None:
    write = "import os,sys; open(os.environ['SHARED'] + '/order', 'a').write(sys.argv[1])"
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    first = [
        {
            "name": f"first-{letter}",
            "image": IMAGE,
            "command": [sys.executable, "-c", write, letter],
            "env": [{"name": "SHARED", "value": "/shared"}],
            "volumeMounts": mounts,
        }
        for letter in "ab"
    ]
    container = {"volumeMounts": mounts, "env": [{"name": "SHARED", "value": "/shared"}]}
    run(
        hosted,
        "late",
        pod_spec(container=container, initContainers=first, volumes=[{"name": "shared", "emptyDir": {}}]),
    )
    address = hosted.entry("late")["address"]
    assert get(address, f"/file?{json.loads(get(address, '/env')[1])['SHARED']}/order")[1] == "ab"
    remove(hosted, "deployments", "late")


def test_a_stateful_pod_that_is_made_anew_keeps_its_volume_its_name_and_its_address(hosted: Hosted) -> None:
    hosted.create("services", service("store", clusterIP="None"))
    container = {
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "env": [
            {"name": "DATA", "value": "/data"},
            {"name": "SELF", "value": "store-0.store.shop.svc:8080"},
        ],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    stateful = workload("store", pod_spec(container=container), serviceName="store")
    stateful["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": claim}]
    hosted.create("statefulsets", stateful)
    until(lambda: [pod for pod in hosted.pods("store") if is_ready(pod)], "it is ready")
    before = hosted.entry("store")
    told = json.loads(get(before["address"], "/env")[1])
    assert told["SELF"] == f"{before['address']}:8080"
    get(before["address"], f"/append?{told['DATA']}/notes&kept")

    hosted.client.request("DELETE", hosted.path("pods", "store-0"))
    until(lambda: [each for each in hosted.entries("store") if each["pid"] != before["pid"]], "it is back")
    until(lambda: is_ready(hosted.pod("store")), "it is ready")
    after = hosted.entry("store")
    assert after["address"] == before["address"]
    assert get(after["address"], f"/file?{told['DATA']}/notes")[1] == "kept"
    assert get(hosted.service_address("store"))[0] == 200
    remove(hosted, "statefulsets", "store")


def test_a_pod_that_is_deleted_answers_what_it_was_asked_and_ends_by_itself(hosted: Hosted) -> None:
    hosted.create("services", service("polite"))
    pod = run(hosted, "polite", pod_spec({"VERSION": "9"}))
    address, entry = hosted.service_address("polite"), hosted.entry("polite")
    answers: list[tuple[int, str]] = []
    client = threading.Thread(target=lambda: answers.append(get(address, "/slow?1.5")))
    client.start()
    time.sleep(0.2)
    hosted.client.request("DELETE", f"{hosted.path('deployments', 'polite')}?propagationPolicy=Background")
    said = ""
    while found(hosted.client, hosted.path("pods", pod["metadata"]["name"])) is not None:
        with contextlib.suppress(FileNotFoundError):
            said = Path(entry["log"]).read_text()
        time.sleep(0.005)
    client.join()
    assert answers == [(200, "9")]
    assert "stopped" in said or not Path(entry["log"]).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(entry["pid"], 0)


def test_what_is_missing_is_waited_for_and_named(hosted: Hosted) -> None:
    container = {
        "env": [
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "late-login", "key": "password"}}},
            {"name": "PEER", "value": "http://late-peer.shop.svc:8080"},
        ]
    }
    hosted.create("deployments", workload("waiter", pod_spec(container=container)))

    def waiting() -> tuple[str, str]:
        for pod in hosted.pods("waiter"):
            for each in pod["status"].get("containerStatuses") or []:
                state = each["state"].get("waiting") or {}
                return state.get("reason", ""), state.get("message", "")
        return "", ""

    until(lambda: waiting() == ("CreateContainerConfigError", "there is no Secret 'late-login'"), "the missing Secret")
    hosted.create("secrets", {"metadata": {"name": "late-login"}, "stringData": {"password": "x"}})
    until(lambda: waiting()[0] == "ContainerCreating" and "late-peer.shop.svc" in waiting()[1], "the missing Service")
    hosted.create("services", service("late-peer"))
    until(lambda: is_ready(hosted.pod("waiter")), "it runs")
    remove(hosted, "deployments", "waiter")


def test_a_namespace_goes_with_all_of_its_processes(hosted: Hosted) -> None:
    other = Hosted(hosted.endpoints, hosted.client, hosted.home, namespace="brief")
    other.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": "brief"}})
    until(lambda: found(other.client, other.path("serviceaccounts", "default")), "the namespace's account")
    run(other, "passing", pod_spec(), replicas=1)
    pid = other.entry("passing")["pid"]
    other.client.request("DELETE", "/api/v1/namespaces/brief")
    until(lambda: found(other.client, "/api/v1/namespaces/brief") is None, "the namespace is gone")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_agent_that_is_killed_takes_all_processes_with_it_and_the_next_one_starts_the_pods_anew(
    hosted: Hosted,
) -> None:
    sleep = "import time; time.sleep(600)"
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{sleep}']); {sleep}"
    run(hosted, "parent", pod_spec(probes=False, container={"command": [sys.executable, "-c", child]}))
    run(hosted, "plain", pod_spec())
    pids = [hosted.entry("parent")["pid"], hosted.entry("plain")["pid"]]
    until(lambda: _children(pids[0]), "the grandchild")
    pids += _children(pids[0])
    agent = json.loads((hosted.home / "status.json").read_text())["parts"]["host"]["pid"]

    os.kill(agent, signal.SIGKILL)
    until(lambda: not [pid for pid in pids if _is_alive(pid)], "all processes are gone", seconds=5)
    until(lambda: _restarts(hosted, "plain") == 1, "the restart is counted")
    until(lambda: is_ready(hosted.pod("plain")) and hosted.said()["pods"], "it is ready again")
    assert get(hosted.entry("plain")["address"])[0] == 200
    assert hosted.entry("plain")["pid"] not in pids
    remove(hosted, "deployments", "parent", "plain")


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_nothing_of_the_agent_counts_as_somebodys_object(hosted: Hosted) -> None:
    left = [line for line in cluster_contents(hosted.client) if " host" in line or "node" in line.lower()]
    assert left == []


def test_two_sandboxes_side_by_side_use_different_addresses_and_leave_nothing(hosted: Hosted, tmp_path: Path) -> None:
    with hosted_sandbox(tmp_path) as second:
        for each in (hosted, second):
            run(each, "same", pod_spec({"VERSION": each.home.name}))
        addresses = [each.entry("same")["address"] for each in (hosted, second)]
        pid = second.entry("same")["pid"]
        assert len(set(addresses)) == 2
        assert [get(address)[1] for address in addresses] == [hosted.home.name, second.home.name]
    assert not _is_alive(pid)
    assert not (tmp_path / ".sandbox" / second.home.name).exists()
    remove(hosted, "deployments", "same")
