import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servicekit.redact import MASK, is_secret_name, redact, redact_text

SECRETS = st.text(alphabet=string.ascii_letters + string.digits, min_size=12, max_size=40).map(
    lambda text: f"zq{text}qz"
)


@pytest.mark.parametrize(
    "name",
    [
        *["password", "KAFKA_PASSWORD", "saslPassword", "api-key", "apiKey", "Authorization", "credentials"],
        *["aws_secret_access_key", "set-cookie", "private_key", "sasl.jaas.config", "refreshToken", "HTTPToken"],
    ],
)
def test_a_field_with_a_secret_name_is_recognised_in_every_spelling(name: str):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["passed", "compass", "key", "partition_key", "tokenizer", "path", "status", "author"])
def test_a_field_that_only_resembles_a_secret_is_left_alone(name: str):
    assert not is_secret_name(name)


@given(secret=SECRETS)
def test_no_secret_survives_in_any_of_the_shapes_it_is_known_by(secret: str):
    shapes = [
        f"postgresql://app:{secret}@db:5432/app",
        f"https://{secret}@host/path",
        f"Authorization: Bearer {secret}",
        f"password={secret}",
        f'sasl.jaas.config: username="a" password="{secret}";',
        f"{{'client_secret': '{secret}'}}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{secret}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{secret}",
        f"eyJhbGciOi.{secret}.{secret}",
    ]
    for shape in shapes:
        assert secret not in redact_text(shape), shape


@given(secret=SECRETS, depth=st.integers(min_value=0, max_value=12))
def test_no_secret_survives_however_deep_it_is_nested(secret: str, depth: int):
    value: object = {"password": secret}
    for _ in range(depth):
        value = {"inner": [value]}
    assert secret not in repr(redact(value))


def test_objects_are_masked_by_their_text_and_plain_values_are_kept():
    class Client:
        def __repr__(self) -> str:
            return "Client(password='hunter22')"

    assert redact({"client": Client(), "count": 3, "ok": True, "none": None, "token": None}) == {
        "client": f"Client(password={MASK})",
        "count": 3,
        "ok": True,
        "none": None,
        "token": None,
    }


def test_text_without_secrets_is_not_changed():
    text = "GET /readyz took 0.2 s, kafka-0:9092 refused the connection (https://kafka.apache.org/docs)"
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "piece", ["a-", "token", "token-", "eyJ", "-eyJa", "-----BEGIN PRIVATE KEY-----", "://", "a:", "bearer ", "x://y"]
)
def test_a_hostile_text_of_100_kb_is_masked_in_no_time_to_speak_of(piece: str):
    text = piece * (100_000 // len(piece))
    started = time.perf_counter()
    redact_text(text)
    assert time.perf_counter() - started < 1
