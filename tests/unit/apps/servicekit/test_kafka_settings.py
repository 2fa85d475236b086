import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from servicekit.health import Health
from servicekit.kafka import KafkaSettings, Server, kafka_check, parse_servers

HOSTS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)
SERVERS = st.builds(Server, HOSTS, st.integers(min_value=1, max_value=65535))


@given(servers=st.lists(SERVERS, min_size=1, max_size=5))
def test_servers_are_read_back_as_they_were_written(servers: list[Server]):
    assert parse_servers(" , ".join(str(server) for server in servers)) == tuple(servers)


@pytest.mark.parametrize("text", ["", "kafka", "kafka:", ":9092", "a:1,", "a:1,,b:2", "::1:9092", "http://a:1", "[]:1"])
def test_what_is_not_host_and_port_is_refused(text: str):
    with pytest.raises(ValidationError, match=r"is not host:port|the port must be 1-65535"):
        KafkaSettings(bootstrap_servers=text)


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "²"])
def test_a_port_out_of_range_is_refused_with_the_range(port: str):
    with pytest.raises(ValidationError, match="the port must be 1-65535"):
        KafkaSettings(bootstrap_servers=f"kafka:{port}")


@pytest.mark.parametrize("seconds", [0.05, 10.5])
def test_a_time_out_out_of_range_is_refused(seconds: float):
    with pytest.raises(ValidationError, match="check_timeout_seconds"):
        KafkaSettings(bootstrap_servers="kafka:9092", check_timeout_seconds=seconds)


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def refusing() -> Iterator[int]:
    # Bound and not listening: the port stays ours, so nothing else can begin to answer on it.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


async def reason(servers: str, seconds: float = 2) -> str | None:
    settings = KafkaSettings(bootstrap_servers=servers, check_timeout_seconds=seconds)
    return (await Health([kafka_check(settings)]).readiness()).checks[0].reason


async def test_kafka_is_ready_when_one_of_its_servers_accepts(listening: int, refusing: int):
    assert await reason(f"127.0.0.1:{refusing},127.0.0.1:{listening}") is None


async def test_kafka_is_not_ready_when_all_its_servers_refuse_and_each_is_named(refusing: int):
    assert await reason(f"127.0.0.1:{refusing},127.0.0.1:{refusing}") == "; ".join(
        [f"127.0.0.1:{refusing}: connection refused"] * 2
    )


async def test_a_name_that_does_not_resolve_is_told_as_such(monkeypatch: pytest.MonkeyPatch):
    async def unknown(_host: str, _port: int):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio, "open_connection", unknown)
    assert await reason("nowhere:9092") == "nowhere:9092: the name does not resolve (Name or service not known)"


async def test_a_server_that_never_answers_is_given_up_and_named(monkeypatch: pytest.MonkeyPatch):
    async def silent(_host: str, _port: int):
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio, "open_connection", silent)
    assert await reason("slow:9092", seconds=0.1) == "no answer within 0.1 s from slow:9092"


SASL = {"security_protocol": "SASL_SSL", "sasl_username": "market-feed", "sasl_password": "canary"}


def test_credentials_and_authority_are_what_the_client_is_told(tmp_path: Path):
    authority = tmp_path / "ca.crt"
    authority.touch()
    settings = KafkaSettings(bootstrap_servers="a:1, [::1]:2", ca_file=authority, **SASL)
    config = settings.client_config()
    assert {
        key: value for key, value in config.items() if key.startswith(("bootstrap", "sasl", "security", "ssl"))
    } == {
        "bootstrap.servers": "a:1,[::1]:2",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "market-feed",
        "sasl.password": "canary",
        "ssl.ca.location": str(authority),
    }
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"security_protocol": "SASL_SSL"}, "SASL_SSL needs sasl_username and sasl_password"),
        ({**SASL, "sasl_password": ""}, "SASL_SSL needs sasl_username and sasl_password"),
        ({"sasl_username": "a"}, "never sent with security_protocol PLAINTEXT"),
        ({"sasl_password": "a"}, "never sent with security_protocol PLAINTEXT"),
        ({"ca_file": "/ca.crt"}, "ca_file is not used with security_protocol PLAINTEXT"),
        ({**SASL, "ca_file": "/nowhere/ca.crt"}, "no such file; mount the authority's PEM file there"),
        ({"security_protocol": "SSL"}, "'PLAINTEXT', 'SASL_PLAINTEXT' or 'SASL_SSL'"),
    ],
)
def test_credentials_that_do_not_fit_the_protocol_are_refused(changed: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        KafkaSettings(bootstrap_servers="kafka:9092", **changed)
