"""The online store where connections are encrypted and the server's name is verified, as ElastiCache has it.

The build of Redis that tests run has no TLS: it ends before the server, and is the real one on the client's side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from feature_job.settings import FeatureJobSettings
from feature_server.settings import FeatureServerSettings
from featurestore.connection import RedisSettings, async_client, client
from servicekit.settings import load_settings

from tests.support.certificates import Authority
from tests.support.redis import PASSWORD, RedisServer
from tests.support.tls_front import tls_front

pytestmark = pytest.mark.integration


@dataclass
class Cache:
    """A cache whose host is known to a pod by a file.

    Attributes:
        environment: a service's settings, without its prefix.
    """

    environment: dict[str, str]

    def settings(self, monkeypatch: pytest.MonkeyPatch, **changed: str | None) -> RedisSettings:
        """What feature-server makes of it."""
        given = self.environment | changed | {"AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a", "AUTH_JWKS_FILE": "/j"}
        for name, value in given.items():
            if value is not None:
                monkeypatch.setenv(f"FEATURE_SERVER_{name}", value)
        return load_settings(FeatureServerSettings).redis


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Cache]:
    folder = tmp_path_factory.mktemp("cache")
    authority = Authority(folder)
    for name, content in (("host", "localhost\n"), ("password", PASSWORD)):
        (folder / name).write_text(content)
    with tls_front(redis_server.port, authority.issue("localhost")) as port:
        environment = {
            "REDIS_HOST_FILE": str(folder / "host"),
            "REDIS_PORT": str(port),
            "REDIS_USERNAME": "default",
            "REDIS_PASSWORD_FILE": str(folder / "password"),
            "REDIS_TLS": "true",
            "REDIS_CA_FILE": str(authority.file),
            "REDIS_CONNECT_SECONDS": "10",
            "REDIS_TIMEOUT_SECONDS": "10",
        }
        yield Cache(environment)


async def test_the_server_reads_what_the_job_writes(cache: Cache, monkeypatch: pytest.MonkeyPatch):
    settings = cache.settings(monkeypatch)
    for name, value in (cache.environment | {"POSTGRES_HOST": "unused"}).items():
        monkeypatch.setenv(f"FEATURE_JOB_{name}", value)
    with client(load_settings(FeatureJobSettings).redis) as writer:
        writer.set("features:tls", "1")
    reader = async_client(settings)
    assert await reader.get("features:tls") == b"1"
    await reader.aclose()


@pytest.mark.parametrize("kind", ["another authority", "the system's authorities", "another name"])
async def test_a_server_that_is_not_vouched_for_is_not_talked_to(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
):
    changed: dict[str, dict[str, str | None]] = {
        "another authority": {"REDIS_CA_FILE": str(Authority(tmp_path).file)},
        "the system's authorities": {"REDIS_CA_FILE": None},
        "another name": {"REDIS_HOST_FILE": None, "REDIS_HOST": "127.0.0.1"},
    }
    settings = cache.settings(monkeypatch, **changed[kind])
    with client(settings) as writer, pytest.raises(redis.exceptions.ConnectionError, match="certificate verify failed"):
        writer.ping()
    reader = async_client(settings)
    with pytest.raises(redis.exceptions.ConnectionError, match=r"(?i)certificate.verify.failed"):
        await reader.ping()
    await reader.aclose()


def test_without_tls_it_is_no_conversation(cache: Cache, monkeypatch: pytest.MonkeyPatch):
    settings = cache.settings(monkeypatch, REDIS_TLS="false", REDIS_CA_FILE=None)
    with client(settings) as writer, pytest.raises(redis.exceptions.ConnectionError):
        writer.ping()
