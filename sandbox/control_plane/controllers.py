import json
from pathlib import Path

from sandbox.control_plane.part import Part, bare_environment
from sandbox.control_plane.pki import Pki

# Controllers that have nothing to work on here: no cloud, no volumes to attach, no kubelet.
WITHOUT = (
    "bootstrap-signer-controller",
    "cloud-node-lifecycle-controller",
    "device-taint-eviction-controller",
    "endpointslice-mirroring-controller",
    "kube-apiserver-serving-clustertrustbundle-publisher-controller",
    "legacy-serviceaccount-token-cleaner-controller",
    "node-ipam-controller",
    "node-route-controller",
    "persistentvolume-attach-detach-controller",
    "persistentvolume-expander-controller",
    "podcertificaterequest-cleaner-controller",
    "resourceclaim-controller",
    "selinux-warning-controller",
    "service-lb-controller",
    "storage-version-migrator-controller",
    "storageversion-garbage-collector-controller",
    "token-cleaner-controller",
    "ttl-controller",
    "volumeattributesclass-protection-controller",
)


def controller_manager_part(binary: Path, pki: Pki, *, server: str, kubeconfig: Path) -> Part:
    """The controllers of Kubernetes. It opens no port; that it works is seen by what it makes."""
    return Part(
        name="kube-controller-manager",
        title="kube-controller-manager",
        command=(
            str(binary),
            f"--kubeconfig={kubeconfig}",
            f"--master={server}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--root-ca-file={pki.ca}",
            f"--cluster-signing-cert-file={pki.ca}",
            f"--cluster-signing-key-file={pki.ca_key}",
            f"--service-account-private-key-file={pki.service_accounts_key}",
            f"--controllers={','.join(['*', *(f'-{name}' for name in WITHOUT)])}",
            # simulated nodes report every four minutes (stages/node.yaml)
            "--node-monitor-grace-period=10m",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--profiling=false",
        ),
        environment=bare_environment(GOGC="50"),
    )


def scheduler_part(binary: Path, *, server: str, config: Path) -> Part:
    """The scheduler of Kubernetes. It opens no port."""
    return Part(
        name="kube-scheduler",
        title="kube-scheduler",
        command=(str(binary), f"--config={config}", f"--master={server}", "--secure-port=0"),
        environment=bare_environment(GOGC="50"),
    )


def scheduler_config(kubeconfig: Path) -> str:
    """The scheduler's configuration file (JSON)."""
    return json.dumps(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 500, "burst": 1000},
            "leaderElection": {"leaderElect": False},
            "enableProfiling": False,
        },
        indent=2,
    )
