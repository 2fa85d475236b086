"""Tokens that a real API server makes for service accounts, and a service that asks it for its keys."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from servicekit.auth import Authenticator, AuthSettings, Refused, TokenSource

from sandbox.control_plane import Endpoints
from sandbox.engine.providers.kubernetes import Connection, KubernetesProvider, Settings
from tests.support.certificates import Authority
from tests.support.kube import Kube
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

AUDIENCE = "analytics-platform"


@dataclass
class Cluster:
    """A namespace of the test's own on a real API server."""

    endpoints: Endpoints
    kube: Kube
    namespace: str
    folder: Path

    def account(self, name: str) -> str:
        """Make a service account; how its tokens call it."""
        metadata = {"name": name, "namespace": self.namespace}
        self.kube.api(
            "POST",
            f"/api/v1/namespaces/{self.namespace}/serviceaccounts",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        )
        return f"system:serviceaccount:{self.namespace}:{name}"

    def token(self, account: str, *audiences: str) -> str:
        """A token as the kubelet asks for one; for the API server itself where no audience is given."""
        spec = {"audiences": list(audiences), "expirationSeconds": 600}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{account}/token"
        return str(self.kube.api("POST", path, body)["status"]["token"])

    def settings(self, subject: str, issuer: Issuer, **changed: Any) -> AuthSettings:
        """What a service is told that has an account of its own here and takes one caller."""
        own = self.folder / "own-token"
        if not own.is_file():
            self.account("model-server")
            own.write_text(self.token("model-server"))
        given = {
            "workloads_api_url": self.endpoints.api_url,
            "workloads_ca_file": self.endpoints.ca_path,
            "workloads_token_file": own,
            "workloads_audience": AUDIENCE,
            "workloads_subjects": subject,
            **changed,
        }
        return AuthSettings(**(issuer.settings.model_dump() | given))


@pytest.fixture(scope="module")
def kube(running_sandbox: Endpoints) -> Iterator[Kube]:
    provider = KubernetesProvider(Connection.of(running_sandbox), Settings())
    yield Kube(provider)
    provider.close()


@pytest.fixture
def cluster(running_sandbox: Endpoints, kube: Kube, tmp_path: Path) -> Iterator[Cluster]:
    name = f"t-{secrets.token_hex(4)}"
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield Cluster(running_sandbox, kube, name, tmp_path)
    kube.api("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


async def refusal(door: Authenticator, token: str) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await door.authenticate(token)
    return caught.value.status, caught.value.reason


async def test_a_listed_account_calls_as_a_service_with_the_token_of_its_file(cluster: Cluster, issuer: Issuer):
    caller = cluster.account("prediction-consumer")
    file = cluster.folder / "token"
    file.write_text(cluster.token("prediction-consumer", AUDIENCE))
    source = TokenSource(issuer.settings.model_copy(update={"token_file": file}), service="prediction-consumer")
    door = Authenticator(cluster.settings(caller, issuer))
    found = await door.authenticate(source.token())
    assert (found.subject, found.roles, found.tenants) == (caller, {"service"}, {"platform"})
    assert time.time() < found.expires_at <= time.time() + 600
    assert (await door.authenticate(issuer.token("analyst", "desk"))).roles == {"analyst"}


async def test_real_tokens_of_others_for_others_or_signed_by_others_are_refused(cluster: Cluster, issuer: Issuer):
    caller = cluster.account("prediction-consumer")
    cluster.account("price-feed")
    door = Authenticator(cluster.settings(caller, issuer))
    sound = cluster.token("prediction-consumer", AUDIENCE)
    claims = jwt.decode(sound, options={"verify_signature": False})
    key_id = jwt.get_unverified_header(sound)["kid"]
    assert claims["sub"] == caller
    assert (await refusal(door, cluster.token("price-feed", AUDIENCE)))[0] == 403
    assert await refusal(door, cluster.token("prediction-consumer")) == (401, "it is for another audience")
    forged = {
        "by the identity provider": jwt.encode(claims, issuer._key, "ES256", {"kid": key_id}),
        "with no signature": jwt.encode(claims, None, "none"),
        "with a shared key": jwt.encode(claims, "k" * 64, "HS256", {"kid": key_id}),
        "with another's": sound.rpartition(".")[0] + "." + cluster.token("price-feed", AUDIENCE).rpartition(".")[2],
    }
    for kind, token in forged.items():
        assert (await refusal(door, token))[0] == 401, kind
    await door.authenticate(sound)


async def test_an_api_server_that_is_not_the_one_or_not_there_makes_it_wait_and_blames_nobody(
    cluster: Cluster, issuer: Issuer
):
    caller = cluster.account("prediction-consumer")
    sound = cluster.token("prediction-consumer", AUDIENCE)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        wrong = {
            "another authority": {"workloads_ca_file": Authority(cluster.folder, "other").file},
            "nobody there": {"workloads_api_url": f"https://127.0.0.1:{unused.getsockname()[1]}"},
            "no token of its own": {"workloads_token_file": issuer.file},
        }
        for kind, changed in wrong.items():
            door = Authenticator(cluster.settings(caller, issuer, **changed))
            assert await refusal(door, sound) == (503, "tokens cannot be checked right now"), kind
            assert (await door.authenticate(issuer.token())).roles == {"analyst"}, kind
