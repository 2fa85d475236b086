import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.token_check import CALLER, DISCOVERY, OWN, TokenCheck, own_key_set, public_key_set, with_callers
from infra.core.workload.manifests import network_manifests
from infra.core.workload.service import ServiceArgs, service_spec
from infra.core.workload.spec import Replicas, WorkloadSpec

PUBLIC = TokenCheck(issuer="https://login.example.com", audience="platform", algorithms=("RS256",), keys="{}")


SERVICE = ServiceArgs(
    image=Image(repository="example/thing", tag="1.2.3", user=1000, group=1000, source="a test"),
    ownership=Ownership(environment="dev", owner="team", cost_centre="cc-1"),
    replicas=Replicas(),
    zones=1,
    cpu=100,
    memory=64 * 1024**2,
)


def service(name: str, tokens: TokenCheck, *uses: WorkloadSpec, calls: bool = False) -> WorkloadSpec:
    return service_spec(
        SERVICE,
        name=name,
        namespace="place",
        component="testing",
        environment={**tokens.settings(), **(tokens.caller_settings() if calls else {})},
        tokens=tokens.caller_tokens() if calls else (),
        uses=tuple(used.offer("http") for used in uses),
    )


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def test_a_public_key_is_in_the_key_set_with_its_numbers():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    [entry] = json.loads(public_key_set({"2026": ("PS256", pem(key))}))["keys"]
    numbers = key.public_key().public_numbers()
    assert (number(entry["n"]), number(entry["e"])) == (numbers.n, numbers.e)
    assert (entry["kty"], entry["kid"], entry["alg"], entry["use"]) == ("RSA", "2026", "PS256", "sig")


def test_a_key_of_another_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="key 2026 is no RSA key"):
        public_key_set({"2026": ("RS256", pem(ec.generate_private_key(ec.SECP256R1())))})


def test_the_own_key_has_the_bytes_of_its_password():
    [entry] = json.loads(own_key_set("a" * 43))["keys"]
    assert base64.urlsafe_b64decode(entry["k"] + "==") == b"a" * 43
    assert entry["alg"] == "HS256"


def test_public_keys_come_by_a_config_map_and_the_own_key_by_a_secret():
    assert PUBLIC.secret_files() == ()
    assert PUBLIC.config_files() is not None
    assert OWN.config_files() is None
    assert [files.secret for files in OWN.secret_files()] == ["platform-identity"]


def test_a_service_is_told_the_same_path_either_way():
    assert PUBLIC.settings()["AUTH_JWKS_FILE"] == OWN.settings()["AUTH_JWKS_FILE"]
    assert PUBLIC.settings()["AUTH_ALGORITHMS"] == "RS256"


def test_a_service_takes_the_tokens_of_those_that_use_it_and_have_one_to_show():
    server = service("server", PUBLIC)
    first, second = (service(name, PUBLIC, server, calls=True) for name in ("b-caller", "a-caller"))
    gateway, stranger = service("gateway", PUBLIC, server), service("stranger", PUBLIC, calls=True)
    told, *rest = with_callers([server, first, second, gateway, stranger])
    assert told.environment["SERVER_AUTH_WORKLOADS_SUBJECTS"] == (
        "system:serviceaccount:place:a-caller,system:serviceaccount:place:b-caller"
    )
    assert told.environment["SERVER_AUTH_WORKLOADS_AUDIENCE"] == CALLER.audience == "analytics-platform"
    assert told.environment["SERVER_AUTH_WORKLOADS_TOKEN_FILE"] == "/etc/api-server/token"
    assert told.tokens == (DISCOVERY,)
    assert told.api_server
    # Who is called by nobody trusts nobody, and does not reach the API server.
    assert rest == [first, second, gateway, stranger]
    assert not any(spec.api_server for spec in rest)
    assert first.environment["B_CALLER_AUTH_TOKEN_FILE"] == "/etc/workload-token/token"


def test_who_asks_the_api_server_for_keys_reaches_it_only_where_it_is():
    server = service("server", PUBLIC)
    caller = service("caller", PUBLIC, server, calls=True)
    told, other = with_callers([server, caller], ["10.20.0.0/16"])
    assert told.api_networks == told.member().api_networks == ("10.20.0.0/16",)
    assert dict(network_manifests(told))["egress-api-server"]["spec"]["egress"][0]["to"] == [
        {"ipBlock": {"cidr": "10.20.0.0/16"}}
    ]
    assert other.api_networks == ()


def test_without_an_identity_provider_services_sign_for_themselves():
    server = service("server", OWN)
    caller = service("caller", OWN, server, calls=True)
    assert with_callers([server, caller]) == (server, caller)
    assert caller.tokens == ()
    assert "CALLER_AUTH_TOKEN_FILE" not in caller.environment
