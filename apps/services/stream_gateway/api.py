"""The HTTP side: which topics there are, and the stream as server-sent events."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from servicekit.auth import READERS, Principal, Refused, problems, requires
from servicekit.auth.guard import headers_of
from servicekit.connections import abort_of
from starlette.types import Receive, Scope, Send

from stream_gateway import messages
from stream_gateway.events import EventStream
from stream_gateway.gateway import Gateway
from stream_gateway.messages import Invalid


class Topic(BaseModel):
    """A topic that the caller may stream."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="The topic.")
    position: dict[str, int] = Field(
        description="By partition the offset of the last record written; -1 for none. Empty: it is not read yet."
    )


class Topics(BaseModel):
    """What the caller may stream."""

    model_config = ConfigDict(frozen=True)

    topics: list[Topic] = Field(description="In the order of the configuration.")


class Events(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


class SeatedEvents(Events):
    """The events of one stream, which has its seat until they end."""

    def __init__(self, stream: EventStream, wanted: messages.Subscription) -> None:
        """Answer with a stream that has been seated."""
        # Nothing else goes over its connection, which is cut where the client does not read the end.
        headers = {"cache-control": "no-store", "x-accel-buffering": "no", "connection": "close"}
        super().__init__(_events(stream, wanted), headers=headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it for as long as the client stays; the seat is given up also when the body never began."""
        await self._stream.answering(super().__call__(scope, receive, send), abort_of(scope))


def setup_api(app: FastAPI, gateway: Gateway) -> None:
    """Add the routes under ``/v1`` to an application."""
    caller = requires(gateway.authenticator, roles=READERS, limiter=gateway.limiter)

    @app.get("/v1/topics", tags=["streams"], summary="Topics that the caller may stream", responses=problems())
    async def topics(principal: Annotated[Principal, Depends(caller)]) -> Topics:
        found = []
        for name in gateway.allowed(principal):
            position = {str(place[1]): gateway.hub.live[place] - 1 for place in sorted(gateway.hub.places([name]))}
            found.append(Topic(name=name, position=position))
        return Topics(topics=found)

    _setup_events(app, gateway, caller)

    @app.get("/ws/stream", include_in_schema=False)
    async def no_web_socket() -> None:
        raise HTTPException(426, "this path is a WebSocket", headers={"Upgrade": "websocket"})


def _setup_events(app: FastAPI, gateway: Gateway, caller: Callable[..., object]) -> None:
    @app.get(
        "/v1/stream",
        tags=["streams"],
        summary="The stream as server-sent events, for clients without WebSockets",
        response_class=Events,
        responses={
            **problems(422),
            200: {
                "description": "Events without end; each has as `id` what `Last-Event-ID` takes",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
        },
    )
    async def stream(
        principal: Annotated[Principal, Depends(caller)],
        topics: Annotated[str | None, Query(description="Comma-separated; all that you may read by default.")] = None,
        symbols: Annotated[str | None, Query(description="Comma-separated; every record by default.")] = None,
        resume: Annotated[str | None, Query(description="JSON: last offset by topic and partition.")] = None,
        last_event_id: Annotated[str | None, Header(description="The `id` of the last event received.")] = None,
    ) -> Events:
        events = EventStream(gateway)
        try:
            wanted = _wanted(topics, symbols, last_event_id or resume)
            # Asked before the answer begins: a refusal is a status of its own and no event.
            gateway.check(principal, wanted)
            gateway.seat(events, principal)
        except Invalid as reason:
            raise HTTPException(422, str(reason)) from None
        except Refused as refusal:
            raise HTTPException(refusal.status, refusal.reason, headers=headers_of(refusal)) from None
        return SeatedEvents(events, wanted)


async def _events(events: EventStream, wanted: messages.Subscription) -> AsyncIterator[bytes]:
    async for event in events.body(wanted):
        yield event


def _wanted(topics: str | None, symbols: str | None, resume: str | None) -> messages.Subscription:
    return messages.subscription(
        topics=None if topics is None else topics.split(","),
        symbols=None if symbols is None else symbols.split(","),
        resume={} if resume is None else messages.parse_resume(resume),
    )
