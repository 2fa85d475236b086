import pytest
from prediction_consumer import __main__ as command
from prediction_consumer.settings import PredictionConsumerSettings
from servicekit import command as services
from servicekit import program as programs

REQUIRED = {
    "POD_NAME": "prediction-consumer-7d9f-x2x4z",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "FEATURES_URL": "http://feature-server:8080",
    "MODEL_URL": "http://model-server:8080",
    "AUTH_ISSUER": "https://identity.local",
    "AUTH_AUDIENCE": "analytics-platform",
    "AUTH_JWKS_URL": "https://identity.local/keys",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(f"PREDICTION_CONSUMER_{name}", value)
    return monkeypatch


def test_the_transactional_id_begins_with_the_kafka_users_name_and_is_of_the_pod(environment: pytest.MonkeyPatch):
    assert PredictionConsumerSettings().transactional_id == "prediction-consumer-7d9f-x2x4z"
    environment.setenv("PREDICTION_CONSUMER_POD_NAME", "other-0")
    assert PredictionConsumerSettings().transactional_id == "prediction-consumer-other-0"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("POD_NAME", None, "PREDICTION_CONSUMER_POD_NAME: not set; Name of the pod"),
        ("POD_NAME", "Not A Pod", "should match pattern"),
        ("FEATURES_URL", "feature-server:8080", "URL scheme should be 'http' or 'https'"),
        ("MODEL_TIMEOUT_SECONDS", "0", "greater than or equal to 0.05"),
        ("MAX_RECORDS", "501", "less than or equal to 500"),
        ("MODEL_TIMEOUT", "1", "did you mean PREDICTION_CONSUMER_MODEL_TIMEOUT_SECONDS?"),
    ],
)
def test_wrong_settings_end_with_2_and_name_the_variable(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str | None, told: str
):
    if value is None:
        environment.delenv(f"PREDICTION_CONSUMER_{name}")
    else:
        environment.setenv(f"PREDICTION_CONSUMER_{name}", value)
    assert command.main([]) == 2
    message = capsys.readouterr().err
    assert f"PREDICTION_CONSUMER_{name}" in message
    assert told in message


def test_a_loop_that_ended_itself_ends_the_process_with_1(environment: pytest.MonkeyPatch):
    def fail(*_arguments: object, **_more: object) -> None:
        made[0].failure = RuntimeError("fenced")

    made = []
    create = command.create_service
    environment.setattr(command, "create_service", lambda settings: made.append(create(settings)) or made[0])
    environment.setattr(services, "serve", fail)
    environment.setattr(programs, "setup_logging", lambda **_settings: None)
    assert command.main([]) == 1
