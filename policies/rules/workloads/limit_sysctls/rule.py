from __future__ import annotations

import re
from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule

_SAFE = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)


_VALUE = re.compile(r"[0-9\s,-]*")


@rule(
    id="POD-016",
    title="Limit kernel parameters to those that belong to the pod alone",
    severity=Severity.HIGH,
    topics=("security", "pod-security", "isolation"),
    frameworks=("pod-security-standards:baseline/sysctls", "cve:2022-0811"),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale="Other kernel parameters change the node for all of its pods, or let one pod use up what all share.",
    remediation="Set only safe sysctls (see the Kubernetes documentation, 'Using sysctls'); others belong to the node.",
)
def limit_sysctls(pod: Pod) -> Iterator[Violation]:
    """The baseline profile's check with its list of safe sysctls from Kubernetes 1.32 on."""
    for sysctl in pod.spec.at("securityContext", "sysctls").items():
        name = sysctl["name"]
        if name.text() not in _SAFE:
            yield Violation(name.path, f"the pod sets the kernel parameter {name.shown()}")
        value = sysctl["value"]
        # A value of more than numbers has led runtimes to set other parameters (CVE-2022-0811).
        if not _VALUE.fullmatch(value.text() or ""):
            yield Violation(value.path, f"the pod sets the kernel parameter {name.shown()} to more than numbers")
