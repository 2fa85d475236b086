"""By what a workload scales besides its CPU: how far it is behind, what is measured of it, the time of day.

What follows are objects of KEDA 2.20.2. Names and meanings of its settings are those of its source (``pkg/scalers``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from infra.core.models import Args
from infra.core.wiring import KafkaLogin, Offer, Use
from infra.core.workload.secret_key import SecretKey

CronTime = Annotated[str, StringConstraints(pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$", max_length=100)]
"""Minute, hour, day of the month, month and day of the week; KEDA takes no seconds and no names such as @daily."""


class CpuUse(Args):
    """Holds the CPU use of the replicas. It cannot wake anything: what does not run uses none."""

    kind: Literal["cpu"] = "cpu"
    percent: int = Field(default=70, ge=10, le=95, description="CPU use that scaling holds, per cent of the request")


class KafkaLag(Args):
    """Holds how many records of a topic each replica is behind, as its consumer group says.

    KEDA asks Kafka as the workload's own user, so it sees what the workload may see and nothing else. The user's name
    comes from the container's own setting, password and authority from the Secrets that the container mounts.
    """

    kind: Literal["kafka-lag"] = "kafka-lag"
    listener: Use = Field(description="Kafka's listener, used as the workload's own user")
    bootstrap: str = Field(pattern=r"^[a-z0-9.-]+:[0-9]{1,5}$", description="host:port of the listener")
    user_variable: str = Field(description="variable of the container that holds the user's name")
    password: SecretKey = Field(description="the user's password")
    authority: SecretKey | None = Field(default=None, description="CA of the listener; None where it has no TLS")
    topic: str = Field(min_length=1, description="topic that the group reads")
    group: str = Field(min_length=1, description="consumer group")
    records: int = Field(ge=1, le=10_000_000, description="records that one replica may be behind")
    first_offset: Literal["earliest", "latest"] = Field(
        default="earliest", description="where a group begins that never read: the reader's own auto.offset.reset"
    )

    @model_validator(mode="after")
    def _own_group(self) -> KafkaLag:
        if not self.group.startswith(self.user):
            raise ValueError(
                f"consumer group {self.group} is none of Kafka user {self.user}, who may use groups whose names begin"
                f" with {self.user}: rename the group"
            )
        return self

    @property
    def user(self) -> str:
        """The Kafka user whose lag it is."""
        login = self.listener.login
        if not isinstance(login, KafkaLogin):
            # pydantic shows the text of a ValueError to whoever wrote the declaration, and nothing of a TypeError.
            raise ValueError(  # noqa: TRY004
                f"scaling on topic {self.topic} needs the Kafka user that reads it: use(KafkaLogin(...))"
            )
        return login.user


class PrometheusQuery(Args):
    """Holds what a query says for each replica, such as its requests in a second."""

    kind: Literal["prometheus"] = "prometheus"
    server: Offer = Field(description="port of the Prometheus server")
    address: str = Field(pattern=r"^https?://[a-z0-9.-]+:[0-9]{1,5}$", description="the server's address")
    query: str = Field(min_length=1, max_length=2000, description="query with one number as its result")
    threshold: float = Field(gt=0, description="number for each replica")


class Cron(Args):
    """Keeps a number of replicas between two times, every time they come."""

    kind: Literal["cron"] = "cron"
    start: CronTime
    end: CronTime
    time_zone: str = Field(description="time zone of both, as IANA names it")
    replicas: int = Field(ge=1, le=100, description="replicas that there are in between, at least")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"{zone} is no time zone: write one as IANA names it, such as America/New_York"
            raise ValueError(message) from None
        return zone

    @model_validator(mode="after")
    def _some_time(self) -> Cron:
        if self.start == self.end:
            raise ValueError(f"start and end are both {self.start}: nothing is in between")
        return self


Trigger = Annotated[CpuUse | KafkaLag | PrometheusQuery | Cron, Field(discriminator="kind")]


class Autoscale(Args):
    """How a workload scales between its least and its most replicas, and whether it may have none.

    Each trigger asks for a number; the greatest counts. Without a load the replicas are as many as ``replicas.minimum``
    of the workload, or none with ``to_zero``.
    """

    triggers: tuple[Trigger, ...] = Field(min_length=1, description="what decides")
    to_zero: bool = Field(default=False, description="whether there are no replicas while no trigger asks for any")
    pause_seconds: int = Field(default=300, ge=1, le=3600, description="quiet time before the last replicas go")
    poll_seconds: int = Field(default=30, ge=1, le=600, description="how often the triggers are asked")

    @model_validator(mode="after")
    def _each_once(self) -> Autoscale:
        seen = [
            (trigger.topic, trigger.group) if isinstance(trigger, KafkaLag) else trigger for trigger in self.triggers
        ]
        if any(seen.count(trigger) > 1 for trigger in seen):
            raise ValueError("has a trigger twice: remove the second one")
        return self

    def lags(self) -> tuple[KafkaLag, ...]:
        """Its triggers by lag."""
        return tuple(trigger for trigger in self.triggers if isinstance(trigger, KafkaLag))

    def asks(self) -> tuple[Use, ...]:
        """What its scaler must reach, each once: brokers as the workload's user, and Prometheus servers."""
        uses = [
            trigger.listener if isinstance(trigger, KafkaLag) else Use(offer=trigger.server)
            for trigger in self.triggers
            if isinstance(trigger, KafkaLag | PrometheusQuery)
        ]
        return tuple({(use.offer.party.key, use.offer.port, str(use.login)): use for use in uses}.values())

    def problems(self, *, serves_route: bool, minimum: int, maximum: int) -> Iterator[str]:
        """What does not fit the workload, each as the end of a sentence that begins with its name.

        Args:
            serves_route: whether requests come to it from outside.
            minimum: least replicas.
            maximum: most replicas.
        """
        if maximum <= minimum:
            yield f"must have more replicas at most than at least to scale, and both are {maximum}"
        for trigger in self.triggers:
            if isinstance(trigger, Cron) and not minimum <= trigger.replicas <= maximum:
                wanted, range_ = trigger.replicas, f"{minimum} to {maximum}"
                yield f"must scale at {trigger.start} to {range_} replicas, and not to {wanted}"
        if not self.to_zero:
            return
        wakers = [trigger for trigger in self.triggers if not isinstance(trigger, CpuUse)]
        if not wakers:
            yield "must not go to zero by CPU use alone: nothing would wake it; add a lag, a query or a time"
        elif serves_route and all(isinstance(trigger, KafkaLag) for trigger in wakers):
            yield (
                "must not go to zero with a route that a request comes in by: no lag tells of requests, and nobody"
                " would answer; leave out to_zero, or add a query that counts requests or a time"
            )
