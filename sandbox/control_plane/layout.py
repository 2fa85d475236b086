from dataclasses import dataclass
from pathlib import Path

from sandbox.aws.moto import moto_part
from sandbox.control_plane.apiserver import apiserver_part
from sandbox.control_plane.controllers import controller_manager_part, scheduler_config, scheduler_part
from sandbox.control_plane.endpoints import write_text
from sandbox.control_plane.etcd import etcd_part
from sandbox.control_plane.kubeconfig import write_kubeconfig
from sandbox.control_plane.kwok import kwok_config, kwok_part
from sandbox.control_plane.part import Part
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
    """

    paths: SandboxPaths
    pki: Pki
    tools: dict[str, Path]
    ports: dict[str, int]

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
        write_text(self._scheduler_config, scheduler_config(self._kubeconfig("scheduler")))
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
            scheduler_part(self.tools["kube-scheduler"], server=server, config=self._scheduler_config),
            kwok_part(self.tools["kwok"], server=server, kubeconfig=self._kubeconfig("kwok"), config=self._kwok_config),
        )

    @property
    def _scheduler_config(self) -> Path:
        return self.paths.config / "scheduler.json"

    @property
    def _kwok_config(self) -> Path:
        return self.paths.config / "kwok.yaml"

    def _kubeconfig(self, part: str) -> Path:
        return self.paths.config / f"{part}.kubeconfig"
