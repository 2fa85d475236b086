import json
from pathlib import Path

from sandbox.control_plane.part import Part, bare_environment
from sandbox.control_plane.pki import Pki

# Controllers that have nothing to work on here: no cloud, no volumes to attach, no kubelet. The one of admission
# policies would keep a core busy for most of a minute after they are installed, for a status that nobody reads: the API
# server checks every expression when it takes it.
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
    "validatingadmissionpolicy-status-controller",
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


def scheduler_part(binary: Path, *, server: str, config: Path, extender_port: int | None = None) -> Part:
    """The scheduler of Kubernetes. It opens no port.

    Args:
        binary: The program.
        server: The API server.
        config: Its configuration file.
        extender_port: What the file says of it: another one is another part, which is started again.
    """
    return Part(
        name="kube-scheduler",
        title="kube-scheduler",
        command=(str(binary), f"--config={config}", f"--master={server}", "--secure-port=0"),
        environment=bare_environment(GOGC="50", **({"EXTENDER_PORT": str(extender_port)} if extender_port else {})),
    )


def scheduler_config(kubeconfig: Path, extender_port: int | None = None) -> str:
    """The scheduler's configuration file (JSON).

    Args:
        kubeconfig: How it reaches the API server.
        extender_port: Where the agent of host processes says which node a pod may go to; None without an agent.
    """
    extender = {
        "urlPrefix": f"http://127.0.0.1:{extender_port}",
        "filterVerb": "filter",
        "nodeCacheCapable": True,
        "httpTimeout": "5s",
    }
    # of more than a hundred nodes the scheduler looks at some only, and the one that runs pods must be among them
    asking = {"extenders": [extender], "percentageOfNodesToScore": 100} if extender_port else {}
    return json.dumps(
        {
            **asking,
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 500, "burst": 1000},
            "leaderElection": {"leaderElect": False},
            "enableProfiling": False,
        },
        indent=2,
    )
