from pathlib import Path

from sandbox.control_plane.part import Part, bare_environment
from sandbox.control_plane.pki import Pki

# etcd wants a peer address even when it has no peer; nothing ever listens on or dials this one.
_NO_PEER = "http://127.0.0.1:1"


def etcd_part(binary: Path, pki: Pki, data: Path, port: int) -> Part:
    """The store of the API server, reachable only with the API server's client certificate.

    It does not wait for the disk (``--unsafe-no-fsync``): a killed process loses nothing, since the kernel has its
    writes; only a crash of the whole machine could, and a sandbox is cheap to make again.
    """
    url = f"https://127.0.0.1:{port}"
    return Part(
        name="etcd",
        title="etcd",
        command=(
            str(binary),
            f"--data-dir={data}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            "--listen-peer-urls=http://127.0.0.1:0",
            f"--initial-advertise-peer-urls={_NO_PEER}",
            f"--initial-cluster=default={_NO_PEER}",
            f"--cert-file={pki.server}",
            f"--key-file={pki.server_key}",
            f"--trusted-ca-file={pki.ca}",
            "--client-cert-auth",
            "--unsafe-no-fsync",
            "--snapshot-count=5000",
            "--log-level=warn",
        ),
        environment=bare_environment(GOGC="50"),
        port="etcd",
        stop_seconds=10.0,
    )
