import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import jwt
import pytest
from fastapi import Depends, FastAPI
from pydantic import ValidationError
from servicekit.auth import (
    READERS,
    Authenticator,
    AuthSettings,
    Principal,
    RateLimit,
    RateLimiter,
    Refused,
    TokenSource,
    problems,
    requires,
)
from servicekit.auth.guard import Guard, TooMany, headers_of
from servicekit.auth.jwks import parse_jwks
from servicekit.auth.keys import KeyStore
from servicekit.auth.tokens import NoToken
from servicekit.errors import setup_errors

from tests.support.tokens import AUDIENCE, ISSUER, Issuer, let_in

SHARED = {"kty": "oct", "kid": "local", "k": "c2hhcmVkLWtleS1vZi10aGUtdGVzdHMtb2YtNDAtYnl0ZXMh"}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


def service(issuer: Issuer, limiter: RateLimiter | None = None) -> FastAPI:
    app = FastAPI()
    guard = requires(Authenticator(issuer.settings), roles=READERS, limiter=limiter)

    @app.get("/v1/me", responses=problems())
    async def me(caller: Annotated[Principal, Depends(guard)]) -> dict[str, Any]:
        return {"subject": caller.subject, "roles": sorted(caller.roles), "tenants": sorted(caller.tenants)}

    @app.post("/v1/things/{name}", responses=problems(422))
    async def put(name: str, body: dict[str, int], caller: Annotated[Principal, Depends(guard)]) -> None:
        del name, body, caller

    setup_errors(app)
    return app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://svc")


async def test_of_two_authorization_headers_neither_counts(issuer: Issuer):
    async with client_of(service(issuer)) as client:
        header = issuer.headers()["authorization"]
        answer = await client.get("/v1/me", headers=[("authorization", header), ("authorization", header)])
    assert answer.status_code == 401
    assert answer.json()["detail"] == "2 Authorization headers; send one"


@pytest.mark.parametrize(
    ("refusal", "headers"),
    [
        (Refused(401, None, "a bearer token is needed"), {"WWW-Authenticate": "Bearer"}),
        (Refused(404, None, "there is no such stream"), {}),
        (Refused(429, None, "you have 2 streams open"), {}),
        (TooMany(7), {"Retry-After": "7"}),
        (Refused(503, "unavailable", "try another time"), {"Retry-After": "1"}),
    ],
)
def test_a_refusal_asks_for_a_token_only_where_one_would_help(refusal: Refused, headers: dict[str, str]):
    assert headers_of(refusal) == headers


async def test_every_bad_token_is_refused_on_every_route_before_anything_else_is_looked_at(issuer: Issuer):
    app = service(issuer)
    async with client_of(app) as client:
        assert await let_in(client, app.openapi(), issuer) == []


async def test_a_sound_token_gives_subject_roles_and_tenants(issuer: Issuer):
    async with client_of(service(issuer)) as client:
        answer = await client.get(
            "/v1/me", headers=issuer.headers("analyst", "trading-desk", tenants=["trading-desk", "analytics"])
        )
    assert answer.json() == {
        "subject": "analyst@trading-desk",
        "roles": ["analyst"],
        "tenants": ["analytics", "trading-desk"],
    }


async def test_a_refusal_says_why_and_shows_nothing_of_the_token(issuer: Issuer):
    async with client_of(service(issuer)) as client:
        answer = await client.get("/v1/me", headers=issuer.headers(aud="canary"))
    assert answer.json()["detail"] == "it is for another audience"
    assert "canary" not in answer.text + answer.headers["www-authenticate"]


async def test_clocks_may_differ_by_the_leeway_and_no_more(issuer: Issuer):
    authenticator = Authenticator(issuer.settings)
    await authenticator.authenticate(issuer.token(exp=int(time.time()) - 20))
    with pytest.raises(Refused, match="expired"):
        await authenticator.authenticate(issuer.token(exp=int(time.time()) - 40))


@pytest.mark.parametrize(
    "claims", [{"roles": "steward"}, {"roles": ["a"] * 65}, {"tenants": {"platform": 1}}, {"roles": 1}, {"sub": ""}]
)
async def test_claims_of_another_shape_are_refused(issuer: Issuer, claims: dict[str, Any]):
    with pytest.raises(Refused):
        await Authenticator(issuer.settings).authenticate(issuer.token(**claims))


async def test_a_token_too_long_is_refused_unread(issuer: Issuer):
    with pytest.raises(Refused, match="at most 8192"):
        await Authenticator(issuer.settings).authenticate("x" * 8193)


async def test_without_keys_nobody_is_let_in_and_the_caller_is_not_blamed(issuer: Issuer, tmp_path: Path):
    settings = AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file=tmp_path / "absent.json")
    with pytest.raises(Refused) as caught:
        await Authenticator(settings).authenticate(issuer.token())
    assert caught.value.status == 503


def test_tenants_are_seen_by_themselves_and_all_by_the_platform_services_and_stewards():
    assert Principal("a", frozenset({"analyst"}), frozenset({"desk"})).may_see("desk")
    assert not Principal("a", frozenset({"analyst"}), frozenset({"desk"})).may_see("other")
    assert Principal("a", frozenset({"analyst"}), frozenset({"platform"})).may_see("other")
    assert Principal("a", frozenset({"steward"}), frozenset()).may_see("other")


def test_a_guard_that_would_let_nobody_in_is_refused(issuer: Issuer):
    with pytest.raises(ValueError, match="at least one"):
        Guard(Authenticator(issuer.settings), roles=frozenset())


async def test_who_comes_too_often_is_told_when_to_come_again_and_others_are_not_held_up(issuer: Issuer):
    limiter = RateLimiter(RateLimit(per_second=0.5, burst=2))
    async with client_of(service(issuer, limiter)) as client:
        answers = [await client.get("/v1/me", headers=issuer.headers()) for _ in range(3)]
        other = await client.get("/v1/me", headers=issuer.headers("steward"))
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "2"
    assert other.status_code == 200


def test_calls_come_back_with_time_up_to_the_burst():
    now = 0.0
    limiter = RateLimiter(RateLimit(per_second=2, burst=3), clock=lambda: now)
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 0, 1]
    now = 0.5
    assert [limiter.take("a") for _ in range(2)] == [0, 1]
    now = 100.0
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 0, 1]


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (1, 0)])
def test_a_limit_that_lets_nothing_through_is_refused(per_second: float, burst: int):
    with pytest.raises(ValueError, match="must be above 0"):
        RateLimit(per_second, burst)


def settings(**changed: Any) -> AuthSettings:
    return AuthSettings(**({"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "https://id.test/keys"} | changed))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"jwks_url": None}, "set one of jwks_url and jwks_file"),
        ({"jwks_file": "/etc/jwks.json"}, "set one of jwks_url and jwks_file"),
        ({"jwks_url": "http://id.test/keys"}, "https://"),
        ({"jwks_url": "file:///etc/keys"}, "https://"),
        ({"algorithms": "HS256"}, "needs a jwks_file"),
        ({"algorithms": "none"}, "is no algorithm that counts"),
        ({"algorithms": ""}, "is no algorithm that counts"),
        ({"leeway_seconds": 301}, "less than or equal to 300"),
        ({"issuer": ""}, "at least 1 character"),
    ],
)
def test_settings_that_would_weaken_the_check_are_refused(changed: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        settings(**changed)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/keys", "http://id.security.svc/keys"])
def test_keys_may_come_without_tls_from_this_machine_and_over_the_mesh(url: str):
    assert settings(jwks_url=url).jwks_url == url


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JWKS"),
        (b'{"keys": []}', "no key for ES256"),
        (b'{"keys": [{"kty": "magic"}]}', "kty 'magic' is not one of"),
        (b'{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}', "at least 32"),
        (b'{"keys": [{"kty": "oct", "alg": "RS256", "k": "c2hvcnQ"}]}', "alg 'RS256' does not fit kty 'oct'"),
        (b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA"}]}', "damaged"),
        (b'{"keys": [{"kty": "EC", "use": "enc"}, 1]}', "no key for ES256"),
        (b" " * (2**20 + 1), "at most 1048576"),
    ],
)
def test_a_key_document_that_cannot_be_used_is_told_with_the_reason(data: bytes, reason: str):
    with pytest.raises(ValueError, match=reason):
        parse_jwks(data, frozenset({"ES256"}))


async def test_new_keys_in_the_file_count_at_once_and_a_damaged_file_leaves_the_old_ones(tmp_path: Path):
    old, new = Issuer(tmp_path), Issuer(tmp_path / ".." / tmp_path.name)
    authenticator = Authenticator(old.settings)
    await authenticator.authenticate(new.token())
    with pytest.raises(Refused):
        await authenticator.authenticate(old.token())
    new.file.write_text("{")
    os.utime(new.file, ns=(1, 1))
    await authenticator.authenticate(new.token())


class Endpoint:
    """A key server whose answer can be changed."""

    def __init__(self, document: bytes) -> None:
        self.document, self.status, self.asked = document, 200, 0

    def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self.status, content=self.document)


async def test_keys_by_url_are_fetched_once_and_again_for_an_unknown_one_at_most_every_ten_seconds(tmp_path: Path):
    first, second = Issuer(tmp_path), Issuer(tmp_path)
    keys = json.loads(second.file.read_bytes())["keys"][0]
    endpoint, now = Endpoint(json.dumps({"keys": [{**keys, "kid": "k0"}]}).encode()), 0.0
    store = KeyStore(settings(), transport=httpx.MockTransport(endpoint), clock=lambda: now)
    assert await store.find("k1", "ES256") is None
    assert await store.find("k0", "ES256") is not None
    assert endpoint.asked == 1
    endpoint.document = first.file.read_bytes()
    now = 5.0
    assert await store.find("k1", "ES256") is None
    now = 11.0
    assert await store.find("k1", "ES256") is not None
    endpoint.status, now = 500, 1000.0
    assert await store.find("k1", "ES256") is not None, "an issuer that is away leaves its keys in force"


@pytest.fixture
def shared(tmp_path: Path) -> AuthSettings:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [SHARED]}))
    return AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file=file, algorithms="HS256")


async def test_a_service_makes_its_own_token_where_the_key_is_shared(shared: AuthSettings):
    now = time.time()
    source = TokenSource(shared, service="price-feed", clock=lambda: now)
    token = source.token()
    caller = await Authenticator(shared).authenticate(token)
    assert (caller.subject, caller.roles, caller.sees_all_tenants) == ("service:price-feed", {"service"}, True)
    now += 200
    assert source.token() == token
    now += 60
    assert source.token() != token, "a new one is made a minute before the old one ends"


async def test_a_public_key_is_never_taken_for_a_shared_one(issuer: Issuer, shared: AuthSettings):
    both = AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file=issuer.file, algorithms="ES256,HS256")
    forged = jwt.encode({"sub": "x", "exp": 2**40, "iss": ISSUER, "aud": AUDIENCE}, "k" * 64, "HS256", {"kid": "k1"})
    with pytest.raises(Refused, match="no key of the issuer"):
        await Authenticator(both).authenticate(forged)


def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("one\n")
    source = TokenSource(settings(token_file=file), service="s")
    assert source.token() == "one"
    file.write_text("two\n")
    os.utime(file, ns=(1, 1))
    assert source.token() == "two"


@pytest.mark.parametrize(("content", "reason"), [("", "is empty"), (None, "No such file")])
def test_a_token_file_without_a_token_is_told(tmp_path: Path, content: str | None, reason: str):
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NoToken, match=reason):
        TokenSource(settings(token_file=file), service="s").token()


def test_without_a_file_and_a_shared_key_a_service_cannot_show_who_it_is(issuer: Issuer):
    with pytest.raises(NoToken, match="set token_file"):
        TokenSource(issuer.settings, service="s").token()
    mixed = AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file=issuer.file, algorithms="ES256,HS256")
    with pytest.raises(NoToken, match="s cannot show who it is"):
        TokenSource(mixed, service="s").token()


def test_the_refusals_of_a_route_are_described_without_a_reference_that_leads_nowhere():
    described = str(problems(422))
    assert "InvalidField" in described
    assert "$ref" not in described
    assert "$defs" not in described
