from dataclasses import dataclass

from sandbox.errors import ConfigurationError

KUBERNETES_VERSION = "v1.34.4"
ETCD_VERSION = "v3.6.8"
KWOK_VERSION = "v0.7.0"
KUBECONFORM_VERSION = "v0.7.0"
VELERO_VERSION = "v1.18.1"  # of the chart in infra/catalog/charts.yaml
VELERO_AWS_VERSION = "v1.14.3"
NATS_VERSION = "v2.14.5"  # of the image in infra/catalog/images.yaml


@dataclass(frozen=True)
class Release:
    """Where a project publishes a built tool. ``{os}`` and ``{arch}`` stand for the platform in Go's words.

    Attributes:
        url: The file to download.
        checksum_url: A file with its SHA-256: the bare digest, or lines of ``<digest>  <file name>``.
        member: The path of the program inside the archive; empty when the file is the program.
        systems: The operating systems that it is published for.
    """

    url: str
    checksum_url: str
    member: str = ""
    systems: tuple[str, ...] = ("linux",)


@dataclass(frozen=True)
class Tool:
    """A program that the sandbox runs, at one pinned version.

    Attributes:
        name: The program's file name.
        version: The version, with its leading ``v``.
        module: The folder below ``sandbox/tools`` whose go.mod pins its sources.
        package: The Go package to build.
        ldflags: Linker flags; an unstamped Kubernetes server is taken for version 0.0 by its clients.
        version_args: How to ask the program for its version; empty for one that cannot say it, which is then taken
            from the cache only.
        release: The official download; None where no checksum is published beside it.
        optional: True for a tool that only the tests use.
    """

    name: str
    version: str
    module: str
    package: str
    ldflags: str
    version_args: tuple[str, ...]
    release: Release | None
    optional: bool = False


def _kubernetes(name: str, *version_args: str) -> Tool:
    _, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    stamps = {
        "k8s.io/component-base/version.gitVersion": KUBERNETES_VERSION,
        "k8s.io/component-base/version.gitMajor": "1",
        "k8s.io/component-base/version.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": KUBERNETES_VERSION,
    }
    url = f"https://dl.k8s.io/release/{KUBERNETES_VERSION}/bin/{{os}}/{{arch}}/{name}"
    return Tool(
        name=name,
        version=KUBERNETES_VERSION,
        module="kubernetes",
        package=f"k8s.io/kubernetes/cmd/{name}",
        ldflags=" ".join(["-s", "-w", *(f"-X {key}={value}" for key, value in stamps.items())]),
        version_args=version_args or ("--version",),
        release=Release(url=url, checksum_url=f"{url}.sha256"),
    )


_ETCD_URL = f"https://github.com/etcd-io/etcd/releases/download/{ETCD_VERSION}"
_KUBECONFORM_URL = f"https://github.com/yannh/kubeconform/releases/download/{KUBECONFORM_VERSION}"

TOOLS: tuple[Tool, ...] = (
    Tool(
        name="etcd",
        version=ETCD_VERSION,
        module="etcd",
        package="go.etcd.io/etcd/server/v3",
        ldflags="-s -w",
        version_args=("--version",),
        release=Release(
            url=f"{_ETCD_URL}/etcd-{ETCD_VERSION}-{{os}}-{{arch}}.tar.gz",
            checksum_url=f"{_ETCD_URL}/SHA256SUMS",
            member=f"etcd-{ETCD_VERSION}-{{os}}-{{arch}}/etcd",
        ),
    ),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubectl", "version", "--client"),
    Tool(
        name="kwok",
        version=KWOK_VERSION,
        module="kwok",
        package="sigs.k8s.io/kwok/cmd/kwok",
        ldflags=f"-s -w -X sigs.k8s.io/kwok/pkg/consts.Version={KWOK_VERSION}",
        version_args=("--version",),
        release=None,  # its releases carry no checksum file, and nothing is run here unverified
    ),
    Tool(
        name="nats-server",
        version=NATS_VERSION,
        module="nats",
        package="github.com/nats-io/nats-server/v2",
        ldflags="-s -w",
        version_args=("--version",),
        release=None,  # no checksum file of its releases was read
    ),
    Tool(
        name="kubeconform",
        version=KUBECONFORM_VERSION,
        module="kubeconform",
        package="github.com/yannh/kubeconform/cmd/kubeconform",
        ldflags=f"-s -w -X main.version={KUBECONFORM_VERSION}",
        version_args=("-v",),
        release=Release(
            url=f"{_KUBECONFORM_URL}/kubeconform-{{os}}-{{arch}}.tar.gz",
            checksum_url=f"{_KUBECONFORM_URL}/CHECKSUMS",
            member="kubeconform",
        ),
        optional=True,
    ),
    Tool(
        name="velero",
        version=VELERO_VERSION,
        module="velero",
        package="github.com/vmware-tanzu/velero/cmd/velero",
        # It has no flag for the second address that it serves metrics on, port 8080 of every network of the machine.
        ldflags=f"-s -w -X github.com/vmware-tanzu/velero/pkg/buildinfo.Version={VELERO_VERSION}"
        " -X sigs.k8s.io/controller-runtime/pkg/metrics/server.DefaultBindAddress=0",
        version_args=("version", "--client-only"),
        release=None,  # the server is released as an image only
        optional=True,
    ),
    Tool(
        name="velero-plugin-for-aws",
        version=VELERO_AWS_VERSION,
        module="velero",
        package="github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws",
        ldflags="-s -w",
        version_args=(),
        release=None,  # likewise
        optional=True,
    ),
)

CONTROL_PLANE_TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


def tool(name: str) -> Tool:
    """The tool of that name.

    Raises:
        ConfigurationError: There is none.
    """
    for candidate in TOOLS:
        if candidate.name == name:
            return candidate
    raise ConfigurationError(
        f"There is no tool {name!r}", fix=f"choose one of {', '.join(candidate.name for candidate in TOOLS)}"
    )
