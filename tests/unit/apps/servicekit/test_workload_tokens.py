"""Tokens of the cluster for its service accounts, beside those of the identity provider."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from pydantic import ValidationError
from servicekit.auth import Authenticator, AuthSettings, Refused
from servicekit.auth.cluster import ClusterKeys

from tests.support.cluster_tokens import AUDIENCE, CALLER, CLUSTER, Cluster
from tests.support.tokens import ISSUER, Issuer

NAMESPACE = "system:serviceaccount:platform-serving"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return Cluster(tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def cluster(made: Cluster) -> Cluster:
    """One cluster for all, since its key takes a while to make."""
    made.away, made.asked[:] = False, []
    return made


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


def door(issuer: Issuer, cluster: Cluster, clock: Callable[[], float] | None = None, **changed: Any) -> Authenticator:
    given = issuer.settings.model_dump() | cluster.settings | {"algorithms": "RS256,ES256"} | changed
    settings = AuthSettings(**given)
    timed = {"clock": clock} if clock else {}
    return Authenticator(settings, cluster=ClusterKeys(settings, transport=cluster.transport, **timed))


async def refusal(door: Authenticator, token: str) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await door.authenticate(token)
    return caught.value.status, caught.value.reason


async def test_a_listed_workload_is_a_service_of_the_platform_that_sees_every_tenant(issuer: Issuer, cluster: Cluster):
    caller = await door(issuer, cluster).authenticate(cluster.token())
    assert (caller.subject, caller.roles, caller.tenants) == (CALLER, {"service"}, {"platform"})
    assert caller.sees_all_tenants


async def test_what_a_token_says_of_roles_and_tenants_means_nothing(issuer: Issuer, cluster: Cluster):
    token = cluster.token(roles=["steward"], tenants=["desk"], tenant="desk")
    caller = await door(issuer, cluster).authenticate(token)
    assert (caller.roles, caller.tenants) == ({"service"}, {"platform"})


async def test_tokens_of_the_identity_provider_count_as_before_and_ask_the_cluster_nothing(
    issuer: Issuer, cluster: Cluster
):
    both = door(issuer, cluster)
    caller = await both.authenticate(issuer.token("analyst", "desk"))
    assert (caller.roles, caller.tenants) == ({"analyst"}, {"desk"})
    for bad in issuer.bad():
        header = bad.headers.get("authorization", "")
        if bad.status == 401 and header.startswith("Bearer ey") and "issuer" not in bad.name:
            assert (await refusal(both, header.removeprefix("Bearer ")))[0] == 401, bad.name
    assert cluster.asked == []


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"sub": f"{NAMESPACE}:model-server"}, 403, "none of those that may call"),
        ({"sub": f"{CALLER}x"}, 403, "none of those that may call"),
        ({"sub": "system:serviceaccount:other:prediction-consumer"}, 403, "none of those that may call"),
        ({"sub": ""}, 401, "its sub is empty"),
        ({"sub": None}, 401, "it lacks one of"),
        ({"aud": ["https://kubernetes.default.svc"]}, 401, "it is for another audience"),
        ({"aud": None}, 401, "it lacks one of"),
        ({"exp": 1}, 401, "it has expired"),
        ({"exp": None}, 401, "it lacks one of"),
        ({"nbf": 2**40}, 401, "it is not valid yet"),
        ({"exp": 10**400}, 401, "no key of the issuer"),
        ({"iss": "https://oidc.cluster.test/id/2"}, 401, "no key of the issuer"),
        ({"iss": ISSUER}, 401, "no key of the issuer"),
        ({"iss": None}, 401, "no key of the issuer"),
    ],
)
async def test_another_subject_audience_time_or_issuer_is_refused(
    issuer: Issuer, cluster: Cluster, changed: dict[str, Any], status: int, reason: str
):
    found = await refusal(door(issuer, cluster), cluster.token(**changed))
    assert found[0] == status
    assert reason in found[1]


async def test_a_token_without_a_signature_or_with_the_public_key_as_a_secret_is_refused(
    issuer: Issuer, cluster: Cluster
):
    both = door(issuer, cluster)
    unsigned = jwt.encode(cluster.claims(), None, "none")
    assert (await refusal(both, unsigned))[1].startswith("it is not signed with one of ES256, ES384, ES512, RS256")
    with pytest.MonkeyPatch.context() as patch:  # the library itself refuses to sign so
        patch.setattr(jwt.algorithms.HMACAlgorithm, "prepare_key", lambda _self, key: key)
        confused = jwt.encode(cluster.claims(), cluster.public_key, "HS256", {"kid": cluster.key_id})
    assert (await refusal(both, confused))[1].startswith("it is not signed with one of ES256")
    allowed = door(issuer, cluster, algorithms="ES256,HS256")
    assert (await refusal(allowed, confused))[0] == 401, "also where the provider's tokens may be signed so"


async def test_a_key_of_one_issuer_signs_nothing_of_the_other(issuer: Issuer, cluster: Cluster):
    both = door(issuer, cluster)
    claims = {"iss": CLUSTER, "aud": AUDIENCE, "sub": CALLER}
    assert await refusal(both, issuer.token(**claims)) == (401, "no key of the issuer has signed it")
    same_id = jwt.encode(cluster.claims(), issuer._key, "ES256", {"kid": cluster.key_id})
    assert await refusal(both, same_id) == (401, "no key of the issuer has signed it")
    assert (await refusal(both, cluster.token(iss=ISSUER, roles=["steward"])))[0] == 401


async def test_while_the_api_server_is_away_workloads_are_not_blamed_and_others_come_in(
    issuer: Issuer, cluster: Cluster
):
    now = 0.0
    both = door(issuer, cluster, lambda: now)
    cluster.away = True
    assert await refusal(both, cluster.token()) == (503, "tokens cannot be checked right now")
    assert (await both.authenticate(issuer.token())).roles == {"analyst"}
    asked = len(cluster.asked)
    assert (await refusal(both, cluster.token()))[0] == 503
    assert len(cluster.asked) == asked, "asked once a second at most"
    cluster.away, now = False, 2.0
    await both.authenticate(cluster.token())
    cluster.away, now = True, 1000.0
    await both.authenticate(cluster.token(jti="new"))
    await asyncio.sleep(0)


async def test_a_new_key_of_the_cluster_counts_after_ten_seconds_and_the_old_one_ends_what_it_signed(
    issuer: Issuer, tmp_path: Path
):
    now, cluster = 0.0, Cluster(tmp_path, elliptic=True)
    both = door(issuer, cluster, lambda: now)
    old = cluster.token()
    await both.authenticate(old)
    cluster.renew("k2")
    now = 5.0
    assert (await refusal(both, cluster.token()))[1] == "no key of the issuer has signed it"
    now = 11.0
    await both.authenticate(cluster.token())
    assert (await refusal(both, old))[1] == "no key of the issuer has signed it"


@pytest.mark.parametrize("document", [{}, [], {"issuer": ""}, {"issuer": 1}])
async def test_an_api_server_that_names_no_issuer_is_as_good_as_none(
    issuer: Issuer, cluster: Cluster, document: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(cluster.documents, "/.well-known/openid-configuration", document)
    assert (await refusal(door(issuer, cluster), cluster.token()))[0] == 503


async def test_a_cluster_that_calls_itself_the_identity_provider_is_not_taken_for_it(
    issuer: Issuer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(cluster.documents, "/.well-known/openid-configuration", {"issuer": ISSUER})
    both = door(issuer, cluster)
    assert (await refusal(both, cluster.token(iss=ISSUER)))[0] == 401
    assert (await both.authenticate(issuer.token())).roles == {"analyst"}


async def test_files_that_are_missing_are_told_as_keys_that_cannot_be_had(
    issuer: Issuer, cluster: Cluster, tmp_path: Path
):
    for name in ("workloads_ca_file", "workloads_token_file"):
        assert (await refusal(door(issuer, cluster, **{name: tmp_path / "absent"}), cluster.token()))[0] == 503


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"workloads_api_url": None}, "workloads_api_url: set all of workloads_api_url, workloads_ca_file"),
        ({"workloads_subjects": None, "workloads_audience": None}, "workloads_audience, workloads_subjects: set all"),
        ({"workloads_api_url": "http://kubernetes.default.svc"}, "https://"),
        ({"workloads_api_url": "https://kubernetes.default.svc/api"}, "and no path"),
        ({"workloads_api_url": "https://"}, "https://"),
        ({"workloads_audience": ""}, "at least 1 character"),
        ({"workloads_subjects": ""}, "'' is no service account"),
        ({"workloads_subjects": f"{CALLER}, {CALLER}"}, "is no service account"),
        ({"workloads_subjects": "system:serviceaccount:*:*"}, "is no service account"),
        ({"workloads_subjects": "system:node:one"}, "is no service account"),
    ],
)
def test_settings_that_would_trust_half_or_too_much_are_refused(
    issuer: Issuer, cluster: Cluster, changed: dict[str, Any], reason: str
):
    with pytest.raises(ValidationError, match=reason):
        AuthSettings(**(issuer.settings.model_dump() | cluster.settings | changed))
