from pathlib import Path

from sandbox.control_plane.part import Part, bare_environment
from sandbox.control_plane.pki import ETCD_CLIENT, SERVICE_RANGE, Pki


def apiserver_part(binary: Path, pki: Pki, *, port: int, etcd_port: int) -> Part:
    """The Kubernetes API server: RBAC and Node authorization, the admission plugins that are on by default.

    Those include PodSecurity, ResourceQuota, LimitRanger and ValidatingAdmissionPolicy.
    """
    return Part(
        name="kube-apiserver",
        title="kube-apiserver",
        command=(
            str(binary),
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            # the kubernetes Service cannot have a loopback address as its endpoint, and nothing dials it
            "--endpoint-reconciler-type=none",
            f"--etcd-servers=https://127.0.0.1:{etcd_port}",
            f"--etcd-cafile={pki.ca}",
            f"--etcd-certfile={pki.client(ETCD_CLIENT)}",
            f"--etcd-keyfile={pki.client_key(ETCD_CLIENT)}",
            f"--client-ca-file={pki.ca}",
            f"--tls-cert-file={pki.server}",
            f"--tls-private-key-file={pki.server_key}",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki.service_accounts}",
            f"--service-account-signing-key-file={pki.service_accounts_key}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--profiling=false",
            "--event-ttl=1h",
        ),
        environment=bare_environment(GOGC="100"),
        port="api",
    )
