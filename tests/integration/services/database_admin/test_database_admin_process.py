"""database-admin as a process: a real PostgreSQL with TLS, and Secrets Manager by moto."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.session
import psycopg
import pytest
from database_admin.__main__ import main
from database_admin.administrator import Administrator
from database_admin.declaration import Declaration

from tests.support.certificates import Authority
from tests.support.moto import moto_server
from tests.support.postgres import PostgresServer, newest_postgres, running_postgres
from tests.support.tls_front import tls_front

pytestmark = pytest.mark.integration

ADMINISTRATOR = "platform_owner"
PASSWORD = "password-of-the-administrator"
REGION = "us-east-1"
DECLARED = {
    "roles": {"feature_job": "password-of-feature-job", "model_training": "password-of-model-training"},
    "databases": {"features": {"owner": "feature_job"}},
}


class PodIdentity(BaseHTTPRequestHandler):
    """What the agent of EKS answers to a pod that shows its token."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "token-of-the-pod":
            self.send_error(401)
            return
        answer = {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": "2999-01-01T00:00:00Z"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Cloud:
    """What the program meets on AWS: PostgreSQL, its port with TLS, its authority, and the administrator's secret."""

    postgres: PostgresServer
    port: int
    authority: Authority
    secrets: Any
    arn: str
    environment: dict[str, str]

    def keep(self, secret: Any) -> None:
        text = secret if isinstance(secret, str) else json.dumps(secret)
        self.secrets.put_secret_value(SecretId=self.arn, SecretString=text)

    def login(self, role: str, password: str, database: str) -> str:
        """What comes of logging in: the error, or nothing."""
        place = f"host=127.0.0.1 port={self.postgres.port} dbname={database} user={role} password={password}"
        try:
            psycopg.connect(place).close()
        except psycopg.OperationalError as error:
            return str(error)
        return ""


def make_administrator(postgres: PostgresServer) -> None:
    """As RDS makes it: no superuser, but it may make roles and databases."""
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE {ADMINISTRATOR} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    authority = Authority(folder)
    certificate = authority.issue("localhost")
    agent = ThreadingHTTPServer(("127.0.0.1", 0), PodIdentity)
    threading.Thread(target=agent.serve_forever, daemon=True).start()
    (folder / "token").write_text("token-of-the-pod")
    with (
        running_postgres(folder / "postgres", {"log_statement": "all"}) as postgres,
        tls_front(postgres.port, certificate, postgres=True) as port,
        moto_server() as url,
    ):
        make_administrator(postgres)
        session = botocore.session.get_session()
        secrets = session.create_client(
            "secretsmanager", REGION, endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
        )
        arn = secrets.create_secret(Name="rds-administrator", SecretString="{}")["ARN"]
        environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{agent.server_port}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(folder / "token"),
        }
        yield Cloud(postgres, port, authority, secrets, arn, environment)
    agent.shutdown()
    agent.server_close()


@pytest.fixture
def aws(cloud: Cloud) -> Iterator[Cloud]:
    """The cloud before the first run."""
    cloud.keep({"username": ADMINISTRATOR, "password": PASSWORD, "engine": "postgres"})
    yield cloud
    with cloud.postgres.connect() as connection:
        for name in ("features", "mlflow"):
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
        for name in ("feature_job", "model_training", "mlflow"):
            connection.execute(f"DROP ROLE IF EXISTS {name}")


def given(cloud: Cloud, folder: Path, declared: Any) -> dict[str, str]:
    """The environment of a run, with the files that it names."""
    for role, password in declared["roles"].items():
        (folder / role).write_text(f"{password}\n")
    roles = {role: {"password_file": str(folder / role)} for role in declared["roles"]}
    (folder / "declaration.json").write_text(json.dumps({**declared, "roles": roles}))
    (folder / "host").write_text("localhost\n")
    (folder / "secret").write_text(cloud.arn)
    return {
        **cloud.environment,
        "DATABASE_ADMIN_SECRET_ARN_FILE": str(folder / "secret"),
        "DATABASE_ADMIN_REGION": REGION,
        "DATABASE_ADMIN_DECLARATION_FILE": str(folder / "declaration.json"),
        "DATABASE_ADMIN_WAIT_SECONDS": "0",
        "DATABASE_ADMIN_POSTGRES_HOST_FILE": str(folder / "host"),
        "DATABASE_ADMIN_POSTGRES_PORT": str(cloud.port),
        "DATABASE_ADMIN_POSTGRES_SSLMODE": "verify-full",
        "DATABASE_ADMIN_POSTGRES_CA_FILE": str(cloud.authority.file),
    }


@dataclass
class Result:
    """What came of a run."""

    returncode: int
    stdout: str
    stderr: str


class Listener(io.StringIO):
    """Keeps what is written, and does something at a word."""

    def __init__(self, word: str, then: Callable[[], object]) -> None:
        super().__init__()
        self._word, self._then = word, then

    def write(self, text: str) -> int:
        if self._word in text:
            self._then()
        return super().write(text)


def run(
    cloud: Cloud, folder: Path, declared: Any = None, out: io.StringIO | None = None, **variables: str | None
) -> Result:
    """A run in this process, since half of a process's time is its imports."""
    everything = {**given(cloud, folder, declared or DECLARED), **variables}
    environment = {name: value for name, value in everything.items() if value is not None}
    out, err = out or io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, environment, clear=True), redirect_stdout(out), redirect_stderr(err):
        code = main([])
    return Result(code, out.getvalue(), err.getvalue())


def test_roles_and_databases_become_what_is_declared_and_the_second_run_changes_nothing(aws: Cloud, tmp_path: Path):
    first = run(aws, tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [
        "role feature_job: created",
        "role model_training: created",
        "passwords of 2 roles set",
        f"role feature_job: {ADMINISTRATOR} may take it on",
        "database features: created, owned by feature_job",
        "database features: for nobody but its owner and whom the owner lets in",
    ]
    again = run(aws, tmp_path)
    assert (again.returncode, again.stdout) == (0, "passwords of 2 roles set\n"), again.stderr
    passwords = DECLARED["roles"]
    assert aws.login("feature_job", passwords["feature_job"], "features") == ""
    assert "permission denied for database" in aws.login("model_training", passwords["model_training"], "features")
    with aws.postgres.connect("features", "postgres") as connection:
        connection.execute("SET ROLE feature_job")
        connection.execute("CREATE TABLE t (x int)")
    assert run(aws, tmp_path, {"roles": {}, "databases": {}}).stdout == "passwords of 0 roles set\n"
    assert aws.login("feature_job", passwords["feature_job"], "features") == "", "nothing is dropped"


def test_as_a_process_it_ends_with_its_code_and_one_line(aws: Cloud, tmp_path: Path):
    command = [sys.executable, "-m", "database_admin"]
    environment = given(aws, tmp_path, DECLARED)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    environment["DATABASE_ADMIN_POSTGRES_PORT"] = "1"
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)


def test_a_changed_password_replaces_the_old_one(aws: Cloud, tmp_path: Path):
    run(aws, tmp_path)
    changed = {**DECLARED, "roles": {**DECLARED["roles"], "feature_job": "another-password"}}
    assert run(aws, tmp_path, changed).stdout == "passwords of 2 roles set\n"
    assert aws.login("feature_job", "another-password", "features") == ""
    assert "password authentication failed" in aws.login("feature_job", "password-of-feature-job", "features")


def test_a_role_that_may_not_log_in_and_a_database_that_is_open_to_all_are_put_right(aws: Cloud, tmp_path: Path):
    run(aws, tmp_path)
    with aws.postgres.connect() as connection:
        connection.execute("ALTER ROLE model_training NOLOGIN")
        connection.execute("GRANT CONNECT ON DATABASE features TO PUBLIC")
    assert run(aws, tmp_path).stdout.splitlines() == [
        "role model_training: may log in",
        "passwords of 2 roles set",
        "database features: for nobody but its owner and whom the owner lets in",
    ]


def test_no_password_reaches_a_log_of_the_server_or_of_the_program(aws: Cloud, tmp_path: Path):
    results = [run(aws, tmp_path), run(aws, tmp_path)]
    aws.keep({"username": ADMINISTRATOR, "password": "wrong-one"})
    results.append(run(aws, tmp_path))
    said = "".join(result.stdout + result.stderr for result in results) + aws.postgres.process.log.read_text()
    assert "ALTER ROLE" in said, "statements are logged here"
    assert not [word for word in (*DECLARED["roles"].values(), "wrong-one") if word in said]


def test_a_database_of_another_owner_is_refused_before_anything_is_changed(aws: Cloud, tmp_path: Path):
    run(aws, tmp_path)
    declared = {"roles": {"mlflow": "m"}, "databases": {"features": {"owner": "mlflow"}}}
    refused = run(aws, tmp_path, declared)
    assert refused.returncode == 1
    assert "nothing was changed, since a database has another owner" in refused.stderr
    assert "databases.features.owner = 'mlflow': it belongs to 'feature_job'" in refused.stderr
    with aws.postgres.connect() as connection:
        assert connection.execute("SELECT FROM pg_roles WHERE rolname = 'mlflow'").fetchone() is None


def test_the_administrator_and_a_role_that_it_may_not_change_are_refused(aws: Cloud, tmp_path: Path):
    itself = run(aws, tmp_path, {"roles": {ADMINISTRATOR: "x"}, "databases": {}})
    assert (itself.returncode, f"roles.{ADMINISTRATOR} is the administrator itself" in itself.stderr) == (1, True)
    with aws.postgres.connect() as connection:
        connection.execute("CREATE ROLE mlflow SUPERUSER")
    refused = run(aws, tmp_path, {"roles": {"mlflow": "x"}, "databases": {}})
    assert refused.returncode == 1
    assert "role mlflow: " in refused.stderr
    assert "the administrator needs CREATEROLE and CREATEDB" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_password_in_the_secret_ends_it_with_1_and_its_place(aws: Cloud, tmp_path: Path):
    aws.keep({"username": ADMINISTRATOR, "password": "wrong-one"})
    refused = run(aws, tmp_path)
    assert refused.returncode == 1
    assert f"PostgreSQL localhost:{aws.port}/postgres: " in refused.stderr
    assert "password authentication failed" in refused.stderr


def test_a_secret_that_was_rotated_while_it_waits_is_read_anew(aws: Cloud, tmp_path: Path):
    aws.keep({"username": ADMINISTRATOR, "password": "wrong-one"})
    out = Listener("waiting: ", lambda: aws.keep({"username": ADMINISTRATOR, "password": PASSWORD}))
    result = run(aws, tmp_path, out=out, DATABASE_ADMIN_WAIT_SECONDS="30")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("waiting: ") == 1


@pytest.mark.parametrize("secret", ["not JSON but hidden", '{"username": "hidden"}', '["hidden"]'])
def test_a_secret_that_is_none_of_rds_is_refused_and_not_shown(aws: Cloud, tmp_path: Path, secret: str):
    aws.keep(secret)
    refused = run(aws, tmp_path)
    assert (refused.returncode, "no JSON with username and password" in refused.stderr) == (1, True)
    assert "hidden" not in refused.stderr


def test_a_secret_that_is_not_there_or_may_not_be_read_is_told_with_its_name(aws: Cloud, tmp_path: Path):
    arn = f"{aws.arn}x"
    missing = run(aws, tmp_path, DATABASE_ADMIN_SECRET_ARN_FILE=None, DATABASE_ADMIN_SECRET_ARN=arn)
    assert (missing.returncode, f"{arn}: ResourceNotFoundException" in missing.stderr) == (1, True)
    nobody = run(aws, tmp_path, AWS_CONTAINER_CREDENTIALS_FULL_URI=None)
    assert (nobody.returncode, "Unable to locate credentials" in nobody.stderr) == (1, True)
    assert "see that its IAM role may read that secret" in nobody.stderr


def test_a_server_that_another_authority_vouches_for_or_has_another_name_is_not_talked_to(aws: Cloud, tmp_path: Path):
    other = Authority(tmp_path, "other")
    refused = run(aws, tmp_path, DATABASE_ADMIN_POSTGRES_CA_FILE=str(other.file))
    assert (refused.returncode, "certificate verify failed" in refused.stderr) == (1, True)
    assert "that the CA file is its region's" in refused.stderr
    renamed = run(aws, tmp_path, DATABASE_ADMIN_POSTGRES_HOST_FILE=None, DATABASE_ADMIN_POSTGRES_HOST="127.0.0.1")
    assert renamed.returncode == 1
    assert 'does not match host name "127.0.0.1"' in renamed.stderr, renamed.stderr


def test_a_database_that_does_not_answer_ends_it_with_1(aws: Cloud, tmp_path: Path):
    refused = run(aws, tmp_path, DATABASE_ADMIN_POSTGRES_PORT="1")
    assert (refused.returncode, "PostgreSQL localhost:1/postgres: " in refused.stderr) == (1, True)
    assert "network policies allow the connection" in refused.stderr


def test_a_declaration_that_is_none_ends_it_with_2_before_anyone_is_asked(aws: Cloud, tmp_path: Path):
    wrong = {"roles": {"feature_job": "x"}, "databases": {"features": {"owner": "nobody"}}, "extra": 1}
    refused = run(aws, tmp_path, wrong, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert refused.returncode == 2
    assert "declaration.json is not a declaration:" in refused.stderr
    assert "extra = 1" in refused.stderr


def test_where_membership_says_apart_whether_a_role_may_be_taken_on_it_is_the_same(tmp_path: Path):
    declared = Declaration.model_validate(
        {"roles": {"feature_job": {"password_file": "/p"}}, "databases": {"features": {"owner": "feature_job"}}}
    )
    with running_postgres(tmp_path / "server", programs=newest_postgres()) as postgres:
        make_administrator(postgres)
        for expected in (5, 1):
            said: list[str] = []
            with psycopg.connect(postgres.dsn("postgres", ADMINISTRATOR, PASSWORD), autocommit=True) as connection:
                assert connection.info.server_version >= 160000, "as RDS has"
                Administrator(connection, said.append).make(declared, {"feature_job": "p"})
            assert len(said) == expected, said
        with postgres.connect() as connection:
            query = "SELECT inherit_option, set_option FROM pg_auth_members WHERE roleid = 'feature_job'::regrole"
            options = connection.execute(f"{query} AND set_option").fetchall()
        assert options == [(False, True)], "it may give databases to the role, and has its rights in no other way"
