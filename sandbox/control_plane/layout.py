from dataclasses import dataclass
from pathlib import Path

from sandbox.aws.moto import moto_part
from sandbox.control_plane.apiserver import apiserver_part
from sandbox.control_plane.controllers import controller_manager_part, scheduler_config, scheduler_part
from sandbox.control_plane.endpoints import write_text
from sandbox.control_plane.etcd import etcd_part
from sandbox.control_plane.host import HostPlan, host_part
from sandbox.control_plane.kubeconfig import write_kubeconfig
from sandbox.control_plane.kwok import kwok_config, kwok_part
from sandbox.control_plane.part import HOST_PORT, Part
from sandbox.control_plane.pki import ADMIN, CONTROLLER_MANAGER, KWOK, SCHEDULER, Pki
from sandbox.paths import SandboxPaths


@dataclass(frozen=True)
class Layout:
    """How the parts of one sandbox fit together: who listens where, and which files they read.

    Attributes:
        paths: The files of the sandbox.
        pki: Its certificates.
        tools: The program of each tool.
        ports: The port of each server.
        host: How pods run as processes of this machine; None when none does.
    """

    paths: SandboxPaths
    pki: Pki
    tools: dict[str, Path]
    ports: dict[str, int]
    host: HostPlan | None = None

    @property
    def api_url(self) -> str:
        """The API server."""
        return f"https://127.0.0.1:{self.ports['api']}"

    @property
    def moto_url(self) -> str:
        """The AWS API."""
        return f"http://127.0.0.1:{self.ports['moto']}"

    def write_configuration(self) -> None:
        """Write the files that the parts and the user read.

        Raises:
            SandboxError: A file cannot be written.
        """
        files = {
            self._kubeconfig("controller-manager"): CONTROLLER_MANAGER,
            self._kubeconfig("scheduler"): SCHEDULER,
            self._kubeconfig("kwok"): KWOK,
            self.paths.kubeconfig: ADMIN,
        }
        for path, who in files.items():
            context = f"sandbox-{self.paths.name}"
            write_kubeconfig(path, context=context, server=self.api_url, pki=self.pki, who=who)
        write_text(self._scheduler_config, scheduler_config(self._kubeconfig("scheduler"), self._extender_port))
        write_text(self._kwok_config, kwok_config())

    def parts(self) -> tuple[Part, ...]:
        """The parts in the order they are started in; they are stopped in the reverse order."""
        server = self.api_url
        return (
            etcd_part(self.tools["etcd"], self.pki, self.paths.etcd_data, self.ports["etcd"]),
            apiserver_part(
                self.tools["kube-apiserver"], self.pki, port=self.ports["api"], etcd_port=self.ports["etcd"]
            ),
            moto_part(self.ports["moto"], self.paths.config),
            controller_manager_part(
                self.tools["kube-controller-manager"],
                self.pki,
                server=server,
                kubeconfig=self._kubeconfig("controller-manager"),
            ),
            scheduler_part(
                self.tools["kube-scheduler"],
                server=server,
                config=self._scheduler_config,
                extender_port=self._extender_port,
            ),
            kwok_part(self.tools["kwok"], server=server, kubeconfig=self._kubeconfig("kwok"), config=self._kwok_config),
            *self._host_parts(),
        )

    def _host_parts(self) -> tuple[Part, ...]:
        if self.host is None:
            return ()
        return (host_part(self.host, self.pki, server=self.api_url, home=self.paths.host, port=self.ports[HOST_PORT]),)

    @property
    def _extender_port(self) -> int | None:
        return self.ports[HOST_PORT] if self.host else None

    @property
    def _scheduler_config(self) -> Path:
        return self.paths.config / "scheduler.json"

    @property
    def _kwok_config(self) -> Path:
        return self.paths.config / "kwok.yaml"

    def _kubeconfig(self, part: str) -> Path:
        return self.paths.config / f"{part}.kubeconfig"
