"""A token's signature is checked once a minute at most, and that weakens no check."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from servicekit.auth import Authenticator, AuthSettings, Refused
from servicekit.auth import verified as module
from servicekit.auth.keys import KeyStore
from servicekit.auth.verified import VerifiedTokens

from tests.support.tokens import AUDIENCE, ISSUER, Issuer

NOW = 1_800_000_000


class Clock:
    """The time for the library and for what is kept."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()

    class Frozen(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromtimestamp(made.now, tz or UTC)

    monkeypatch.setattr(jwt.api_jwt, "datetime", Frozen)
    return made


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signatures were checked."""
    checked: list[str] = []
    decode: Callable[..., Any] = jwt.decode

    def count(token: str, *arguments: Any, **options: Any) -> Any:
        checked.append(token)
        return decode(token, *arguments, **options)

    monkeypatch.setattr(jwt, "decode", count)
    return checked


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


def authenticator(issuer: Issuer, clock: Clock, **changed: Any) -> Authenticator:
    settings = issuer.settings.model_copy(update=changed)
    return Authenticator(settings, verified=VerifiedTokens(clock=clock, timer=clock))


def token(issuer: Issuer, **claims: Any) -> str:
    return issuer.token(**{"iat": NOW, "exp": NOW + 600, **claims})


async def test_a_signature_is_checked_once_a_minute_and_the_answer_is_the_same(
    issuer: Issuer, clock: Clock, checks: list[str]
):
    door, held = authenticator(issuer, clock), token(issuer)
    first = await door.authenticate(held)
    clock.now += 59
    assert await door.authenticate(held) == first
    assert len(checks) == 1
    clock.now += 1
    assert await door.authenticate(held) == first
    assert len(checks) == 2


async def test_a_token_that_expires_between_two_requests_is_refused(issuer: Issuer, clock: Clock):
    door, held = authenticator(issuer, clock, leeway_seconds=0), token(issuer, exp=NOW + 10)
    await door.authenticate(held)
    clock.now += 9.9
    await door.authenticate(held)
    clock.now += 0.1
    with pytest.raises(Refused, match="expired"):
        await door.authenticate(held)


async def test_past_its_end_a_token_is_checked_in_full_each_time(issuer: Issuer, clock: Clock, checks: list[str]):
    door, held = authenticator(issuer, clock), token(issuer, exp=NOW + 10)
    await door.authenticate(held)
    clock.now += 10
    for _ in range(3):
        await door.authenticate(held)
    assert len(checks) == 4, "the leeway lets it in, and nothing of it is kept"
    clock.now += 30
    with pytest.raises(Refused, match="expired"):
        await door.authenticate(held)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_clock_that_is_set_back_makes_a_kept_token_invalid_again(issuer: Issuer, clock: Clock, claim: str):
    door, held = authenticator(issuer, clock), token(issuer, **{claim: NOW})
    await door.authenticate(held)
    clock.now -= 30
    await door.authenticate(held)
    clock.now -= 1
    with pytest.raises(Refused, match="not valid yet"):
        await door.authenticate(held)


async def test_a_key_that_is_withdrawn_from_the_file_ends_what_it_signed_with_the_next_request(
    issuer: Issuer, clock: Clock, tmp_path: Path
):
    door, held = authenticator(issuer, clock), token(issuer)
    await door.authenticate(held)
    successor = json.loads(issuer.file.read_bytes())["keys"][0] | {"kid": "k2"}
    issuer.file.write_text(json.dumps({"keys": [successor]}))
    os.utime(issuer.file, ns=(1, 1))
    with pytest.raises(Refused, match="no key of the issuer"):
        await door.authenticate(held)


async def test_a_key_that_is_replaced_under_its_own_name_ends_what_it_signed(issuer: Issuer, clock: Clock):
    door, held = authenticator(issuer, clock), token(issuer)
    await door.authenticate(held)
    other = Issuer(issuer.file.parent)
    os.utime(issuer.file, ns=(1, 1))
    with pytest.raises(Refused, match="its signature is wrong"):
        await door.authenticate(held)
    await door.authenticate(token(other))


async def test_a_token_without_a_key_s_name_ends_once_another_key_could_have_signed_it(issuer: Issuer, clock: Clock):
    key = json.loads(issuer.file.read_bytes())["keys"][0]
    held = jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": "a", "exp": NOW + 60}, issuer._key, "ES256")
    door = authenticator(issuer, clock)
    await door.authenticate(held)
    issuer.file.write_text(json.dumps({"keys": [key, key | {"kid": "k2"}]}))
    os.utime(issuer.file, ns=(1, 1))
    with pytest.raises(Refused, match="no key of the issuer"):
        await door.authenticate(held)


async def test_keys_by_url_that_were_fetched_again_make_each_token_be_checked_again(
    issuer: Issuer, clock: Clock, checks: list[str]
):
    documents = [issuer.file.read_bytes()]
    settings = AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url="https://id.test/keys")
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=documents[0]))
    keys = KeyStore(settings, transport=transport, clock=clock)
    # Kept past the keys' own age, which is five minutes.
    door = Authenticator(settings, keys=keys, verified=VerifiedTokens(clock=clock, timer=lambda: 0.0))
    held = token(issuer)
    await door.authenticate(held)
    await door.authenticate(held)
    assert len(checks) == 1
    documents[0] = Issuer(issuer.file.parent).file.read_bytes()
    clock.now += 301
    await door.authenticate(held)
    assert keys._renewal is not None
    await keys._renewal
    with pytest.raises(Refused, match="its signature is wrong"):
        await door.authenticate(held)


async def test_another_audience_or_issuer_never_sees_what_was_let_in(issuer: Issuer, clock: Clock):
    held, keys = token(issuer), KeyStore(issuer.settings)
    doors = [
        Authenticator(issuer.settings.model_copy(update=changed), keys=keys)
        for changed in ({}, {"audience": "another"}, {"issuer": "https://another"})
    ]
    for _ in range(2):
        await doors[0].authenticate(held)
        for door, reason in zip(doors[1:], ("another audience", "another issuer"), strict=True):
            with pytest.raises(Refused, match=reason):
                await door.authenticate(held)


async def test_a_wrong_signature_under_a_header_and_claims_that_are_known_is_refused(issuer: Issuer, clock: Clock):
    door, held = authenticator(issuer, clock), token(issuer)
    await door.authenticate(held)
    head, claims, signature = held.split(".")
    for forged in (f"{head}.{claims}.{signature[:-8]}AAAAAAAA", f"{head}.{claims}.", f"{head}.{claims}"):
        for _ in range(2):
            with pytest.raises(Refused):
                await door.authenticate(forged)
    await door.authenticate(held)


async def test_a_refusal_is_not_kept(issuer: Issuer, clock: Clock, checks: list[str]):
    kept = VerifiedTokens(clock=clock, timer=clock)
    door = Authenticator(issuer.settings, verified=kept)
    for bad in (token(issuer, exp=NOW - 600), token(issuer, aud="another"), token(issuer, sub=""), "abc.def"):
        for _ in range(2):
            with pytest.raises(Refused):
                await door.authenticate(bad)
    assert (len(kept), len(checks)) == (0, 6)
    held = token(issuer, nbf=NOW + 60)
    with pytest.raises(Refused, match="not valid yet"):
        await door.authenticate(held)
    clock.now += 60
    await door.authenticate(held)


async def test_so_many_tokens_are_kept_and_the_one_used_longest_ago_goes(
    issuer: Issuer, clock: Clock, checks: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "MOST_TOKENS", 3)
    kept = VerifiedTokens(clock=clock, timer=clock)
    door = Authenticator(issuer.settings, verified=kept)
    held = [token(issuer, jti=str(number)) for number in range(4)]
    for one in (*held[:3], held[0], held[3], held[0], held[2]):
        await door.authenticate(one)
    assert (len(kept), checks) == (3, held)
    await door.authenticate(held[1])
    assert (len(kept), len(checks)) == (3, 5)


async def test_no_token_is_kept_in_the_clear(issuer: Issuer, clock: Clock):
    kept = VerifiedTokens(clock=clock, timer=clock)
    held = token(issuer)
    await Authenticator(issuer.settings, verified=kept).authenticate(held)
    assert len(kept) == 1
    assert not any(part in repr(kept._kept) for part in held.split("."))


async def test_a_token_that_is_not_ascii_is_refused_and_nothing_breaks(issuer: Issuer):
    for odd in ("\udc80.a.b", "é.a.b", f"{issuer.token(exp=int(time.time()) + 60)}\u2028"):
        with pytest.raises(Refused, match="no JSON web token"):
            await Authenticator(issuer.settings).authenticate(odd)
