from pathlib import Path

import pytest
from feature_job.settings import OwnedPostgresSettings
from model_training.settings import HistoryPostgresSettings
from pydantic import ValidationError
from servicekit.postgres import PostgresSettings

every_kind = pytest.mark.parametrize("kind", [PostgresSettings, OwnedPostgresSettings, HistoryPostgresSettings])


@every_kind
def test_the_place_of_the_database_and_its_settings_in_print_have_no_password_in_them(kind: type[PostgresSettings]):
    settings = kind(host="postgresql", user="me", password="secret")
    assert settings.place == "PostgreSQL postgresql:5432/features"
    assert "secret" not in repr(settings)


@every_kind
def test_an_authority_that_nobody_would_ask_is_refused_with_the_fix(kind: type[PostgresSettings]):
    with pytest.raises(ValidationError, match="ca_file is not used with sslmode prefer: set verify-full, or remove it"):
        kind(host="postgresql", user="me", ca_file=Path("/ca.pem"))
    assert kind(host="postgresql", user="me", ca_file=Path("/ca.pem"), sslmode="verify-ca").ca_file


def test_a_host_without_a_user_is_refused():
    with pytest.raises(ValidationError, match="user: is needed where host is set"):
        HistoryPostgresSettings(host="postgresql")
    assert OwnedPostgresSettings(host="postgresql").user == "feature_job"


def test_a_host_is_needed_by_who_owns_the_tables_and_by_nobody_else():
    with pytest.raises(ValidationError, match="host"):
        OwnedPostgresSettings()
    assert HistoryPostgresSettings().host is None


def test_libpq_is_told_all_of_it_and_whose_connection_it_is():
    settings = PostgresSettings(
        host="h", port=1, database="d", user="u", password="p", sslmode="verify-full", ca_file=Path("/ca.pem")
    )
    assert settings.parameters("a-job", 7) == {
        "host": "h",
        "port": 1,
        "dbname": "d",
        "user": "u",
        "password": "p",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
        "connect_timeout": 7,
        "application_name": "a-job",
    }
    bare = PostgresSettings().parameters("a-job", 7)
    assert (bare["password"], bare["sslrootcert"]) == (None, None)
