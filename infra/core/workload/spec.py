"""The typed declaration of something that runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from infra.core.catalog.images import Image
from infra.core.iam.grants import Grant
from infra.core.iam.reach import AwsNetwork
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.quantity import Compute
from infra.core.wiring import Edge, External, LoginKind, Member, Offer, OutsideEdge, OutsideUse, Party, Use
from infra.core.workload.autoscale import Autoscale
from infra.core.workload.route import Route
from infra.core.workload.secret_key import SecretKey

Kind = Literal["deployment", "statefulset", "job", "cronjob"]
Label = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,50}[a-z0-9])?$")]
"""A DNS label with room for the suffixes that controllers add to it."""

AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]+$")]
LONG_RUNNING = ("deployment", "statefulset")


class Resources(Args):
    """What one replica asks for. Memory is asked and limited alike, so that a node never promises it twice."""

    cpu_request: int = Field(ge=1, description="CPU request, millicores")
    cpu_limit: int = Field(ge=1, description="CPU limit, millicores")
    memory: int = Field(ge=4 * 1024**2, description="memory request and limit, bytes")

    @model_validator(mode="after")
    def _limit_covers_request(self) -> Resources:
        if self.cpu_limit < self.cpu_request:
            raise ValueError(f"cpu_limit {self.cpu_limit}m is below cpu_request {self.cpu_request}m")
        return self

    @property
    def requests(self) -> Compute:
        """What the scheduler reserves."""
        return Compute(self.cpu_request, self.memory)

    @property
    def limits(self) -> Compute:
        """What the kernel enforces."""
        return Compute(self.cpu_limit, self.memory)


class Replicas(Args):
    """How many there are: fixed when both are equal, else autoscaled on CPU or as the workload's ``autoscale`` says."""

    minimum: int = Field(default=1, ge=1, le=500)
    maximum: int = Field(default=1, ge=1, le=500)
    target_cpu_percent: int = Field(default=70, ge=10, le=95, description="CPU use that autoscaling holds")

    @model_validator(mode="after")
    def _ordered(self) -> Replicas:
        if self.maximum < self.minimum:
            raise ValueError(f"maximum {self.maximum} is below minimum {self.minimum}")
        return self


class Port(Args):
    """A port that the container listens on."""

    name: str = Field(pattern=r"^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$", description="name, at most 15 characters")
    number: int = Field(ge=1, le=65535)
    login: LoginKind | None = Field(default=None, description="kind of account that clients must have there")
    route: Route | None = Field(default=None, description="how it is reached from outside; not at all when left out")


class Probe(Args):
    """How the kubelet asks a container how it is: HTTP when ``path`` is set, else by opening the port."""

    port: str
    path: str | None = None
    period_seconds: int = Field(default=10, ge=1, le=300)
    failure_threshold: int = Field(default=3, ge=1, le=120)


class Probes(Args):
    """The probes of a long-running workload. ``startup`` gives a slow starter its time."""

    liveness: Probe
    readiness: Probe
    startup: Probe | None = None


class ConfigFiles(Args):
    """Files that a ConfigMap of the workload's own provides, mounted read-only."""

    mount_path: AbsolutePath
    files: dict[str, str]


class SharedFiles(Args):
    """All files of an existing ConfigMap, mounted read-only.

    A change of its content rolls pods out when its name changes with it.
    """

    config_map: str
    mount_path: AbsolutePath


class SecretFiles(Args):
    """Keys of an existing Secret, mounted read-only as files."""

    secret: str
    mount_path: AbsolutePath


class AccountToken(Args):
    """A token of the pods' own ServiceAccount for one audience, as the file ``token``, which the kubelet renews.

    For the API server its authority stands beside it, as ``ca.crt``, and the network lets the pods reach it.
    """

    mount_path: AbsolutePath
    audience: str | None = Field(default=None, min_length=1, description="who takes it; the API server if null")


class Scratch(Args):
    """A writable directory that is gone with the pod; the root file system itself is read-only."""

    mount_path: AbsolutePath
    size: int = Field(ge=1024**2, description="size limit, bytes")


class Storage(Args):
    """A volume of each replica that stays."""

    mount_path: AbsolutePath
    size: int = Field(ge=1024**2, description="size, bytes")
    storage_class: str | None = Field(default=None, description="storage class; the cluster's default when empty")


class WorkloadSpec(Args):
    """Everything about one workload; all of its objects follow from this."""

    name: Label
    namespace: Label
    component: str = Field(description="part of the platform that it belongs to")
    kind: Kind = "deployment"
    ownership: Ownership
    priority: Literal["platform-critical", "platform-standard"] = Field(
        default="platform-standard", description="who goes first when a node is full"
    )
    image: Image
    command: tuple[str, ...] = Field(default=(), description="entry point; the image's own when empty")
    arguments: tuple[str, ...] = ()
    replicas: Replicas = Replicas()
    autoscale: Autoscale | None = Field(default=None, description="by what it scales if not by CPU use alone")
    zones: int = Field(default=1, ge=1, le=6, description="zones over which replicas must be spread")
    resources: Resources
    ports: tuple[Port, ...] = ()
    probes: Probes | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    pod_annotations: dict[str, str] = Field(default_factory=dict, description="annotations of its pods")
    pod_ip_variable: str | None = Field(default=None, description="variable that receives the pod's own address")
    pod_name_variable: str | None = Field(default=None, description="variable that receives the pod's own name")
    secret_environment: dict[str, SecretKey] = Field(default_factory=dict)
    config_files: ConfigFiles | None = None
    shared_files: tuple[SharedFiles, ...] = ()
    secret_files: tuple[SecretFiles, ...] = ()
    tokens: tuple[AccountToken, ...] = ()
    api_networks: tuple[str, ...] = Field(
        default=(), description="networks that the API server is in: those alone are opened for who has a token for it"
    )
    scratch: tuple[Scratch, ...] = ()
    storage: Storage | None = None
    uses: tuple[Offer | Use | External | OutsideUse, ...] = Field(default=(), description="what it talks to")
    aws: tuple[Grant, ...] = Field(default=(), description="what it uses of AWS: a role with just that follows")
    aws_network: AwsNetwork | None = Field(default=None, description="from where it calls AWS")
    serves: tuple[str, ...] = Field(default=(), description="names of the ports that others may use")
    peers: tuple[str, ...] = Field(default=(), description="names of the ports that its own replicas use")
    schedule: str | None = Field(default=None, description="cron expression of a cronjob, UTC")
    time_limit_seconds: int = Field(default=600, ge=10, description="how long a job may run")
    grace_seconds: int = Field(default=30, ge=1, le=600, description="time to stop by itself")

    @model_validator(mode="after")
    def _consistent(self) -> WorkloadSpec:
        long_running = self.kind in LONG_RUNNING
        names = [port.name for port in self.ports]
        asked = [probe.port for probe in (self.probes and (self.probes.liveness, self.probes.readiness)) or ()]
        for problem, wrong in (
            ("must have probes: it runs until it is stopped", long_running and self.probes is None),
            ("must not have probes: it runs once", not long_running and self.probes is not None),
            ("must have a schedule", self.kind == "cronjob" and not self.schedule),
            ("must not have a schedule", self.kind != "cronjob" and bool(self.schedule)),
            ("must be a statefulset to have storage", self.storage is not None and self.kind != "statefulset"),
            ("must be a deployment to be autoscaled", self.autoscaled and self.kind != "deployment"),
            (
                f"serves, probes or has as peers a port that is none of {names}",
                not {*self.serves, *self.peers, *asked} <= set(names),
            ),
            ("must have an aws_network to use anything of AWS", bool(self.aws) and self.aws_network is None),
            ("must have several replicas to have peers", bool(self.peers) and self.replicas.maximum == 1),
            (
                "has a route to a port that it does not serve",
                any(port.route and port.name not in self.serves for port in self.ports),
            ),
        ):
            if wrong:
                raise ValueError(f"workload {self.name} {problem}")
        for problem in self._scaling_problems():
            raise ValueError(f"workload {self.name} {problem}")
        return self

    @property
    def autoscaled(self) -> bool:
        """Whether an autoscaler decides the number of replicas."""
        return self.autoscale is not None or self.replicas.maximum > self.replicas.minimum

    @property
    def fewest(self) -> int:
        """Replicas when there is nothing to do."""
        return 0 if self.autoscale and self.autoscale.to_zero else self.replicas.minimum

    @property
    def api_server(self) -> bool:
        """Whether it talks to the Kubernetes API server: nobody else takes a token of no audience."""
        return any(token.audience is None for token in self.tokens)

    @property
    def party(self) -> Party:
        """Its pods, as others see them."""
        return Party.of_workload(self.name, self.namespace)

    def offer(self, port: str) -> Offer:
        """The port of that name, for another workload's ``uses``.

        Raises:
            ValueError: the workload does not serve it.
        """
        if port not in self.serves:
            raise ValueError(
                f"workload {self.name} does not serve {port}: it serves {', '.join(self.serves) or 'none'}"
            )
        return self._offer(port)

    def edges(self) -> tuple[Edge, ...]:
        """Its declared connections inside the cluster; those between its own replicas come last."""
        inside = [use for use in self.uses if isinstance(use, Offer | Use)]
        uses = [Use(offer=use) if isinstance(use, Offer) else use for use in inside]
        return (
            *(Edge(client=self.party, offer=use.offer, login=use.login) for use in uses),
            *(Edge(client=self.party, offer=self._offer(port), between_replicas=True) for port in self.peers),
        )

    def outside(self) -> tuple[OutsideEdge, ...]:
        """Its declared connections to hosts outside, and those to the services of AWS that it uses."""
        outside = [use for use in self.uses if isinstance(use, External | OutsideUse)]
        services = self.aws_network.endpoints(self.aws) if self.aws_network else ()
        uses = [use if isinstance(use, OutsideUse) else OutsideUse(target=use) for use in (*outside, *services)]
        return tuple(OutsideEdge(client=self.party, target=use.target, login=use.login) for use in uses)

    def member(self) -> Member:
        """Its place in the graph of the platform."""
        return Member(
            party=self.party,
            component=self.component,
            ownership=self.ownership,
            serves=tuple(self._offer(port) for port in dict.fromkeys((*self.serves, *self.peers))),
            edges=self.edges(),
            outside=self.outside(),
            api_server=self.api_server,
            api_networks=self.api_networks,
            aws_role=bool(self.aws),
        )

    def _scaling_problems(self) -> Iterator[str]:
        if self.autoscale is None:
            return
        routed = any(port.route for port in self.ports)
        least, most = self.replicas.minimum, self.replicas.maximum
        yield from self.autoscale.problems(serves_route=routed, minimum=least, maximum=most)
        mounted = {files.secret for files in self.secret_files}
        for lag in self.autoscale.lags():
            if lag.listener not in self.uses:
                yield f"must use {lag.listener.offer} as Kafka user {lag.user}, by whose lag it scales"
            if self.environment.get(lag.user_variable) != lag.user:
                yield f"must have {lag.user_variable}={lag.user} in its environment, from where its scaler has the name"
            secrets = [lag.password.secret, *([lag.authority.secret] if lag.authority else [])]
            if missing := [secret for secret in secrets if secret not in mounted]:
                yield f"must mount {', '.join(missing)} itself to scale by the lag of {lag.topic} with it"

    def _offer(self, name: str) -> Offer:
        port = next(item for item in self.ports if item.name == name)
        return self.party.offer(name, port.number, login=port.login)
