import shutil
import subprocess
from pathlib import Path

import pytest

from infra.components.features import postgresql, redis
from infra.components.features.postgresql import postgresql_spec
from infra.components.features.redis import redis_spec
from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.workload.spec import WorkloadSpec
from infra.core.workload.store import StoreArgs

IMAGE = Image(repository="image", tag="1", user=999, group=999, source="test")
OWNERSHIP = Ownership(environment="local", owner="platform", cost_centre="cc-1")
SIZE = {"image": IMAGE, "ownership": OWNERSHIP, "cpu": 100, "memory": 1000 * 1024**2, "storage": 1024**3}
REDIS = redis_spec(StoreArgs(**SIZE))
POSTGRESQL = postgresql_spec(StoreArgs(**SIZE))
STORES = pytest.mark.parametrize("spec", [REDIS, POSTGRESQL], ids=["redis", "postgresql"])


def files(spec: WorkloadSpec) -> dict[str, str]:
    assert spec.config_files is not None
    return dict(spec.config_files.files)


def run(script: str, programs: dict[str, str], folder: Path, environment: dict[str, str]) -> str:
    """What a start script asks of the programs of its image, with stand-ins in their places."""
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    place = {"PATH": f"{folder}:/usr/bin:/bin", **environment}
    answer = subprocess.run(
        [shutil.which("bash") or "bash", "-c", script], capture_output=True, text=True, env=place, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@STORES
def test_no_password_is_in_what_a_config_map_holds(spec: WorkloadSpec):
    assert all(reference.key == "password" for reference in spec.secret_environment.values())
    assert "PASSWORD}" not in "".join(files(spec).values())


def test_redis_gets_its_accounts_by_the_standard_input_and_no_password_on_its_command_line(tmp_path: Path):
    seen = run(
        files(REDIS)["start.sh"],
        {"redis-server": 'echo "arguments: $*"; cat'},
        tmp_path,
        {"POD_IP": "10.1.2.3", "FEATURE_JOB_PASSWORD": "jobpass", "FEATURE_SERVER_PASSWORD": "serverpass"},
    )
    command, *accounts = seen.splitlines()
    assert command == "arguments: /etc/redis/redis.conf -"
    assert "bind 10.1.2.3" in accounts
    assert "user default off" in accounts
    assert f"user feature-server on >serverpass {redis.USERS['feature-server']}" in accounts


def test_who_only_reads_features_may_not_write_them():
    assert "+@write" in redis.USERS["feature-job"]
    assert "+@write" not in redis.USERS["feature-server"]


def test_redis_refuses_writes_before_it_forgets_features_and_keeps_room_to_rewrite_its_log():
    settings = dict(line.split(" ", 1) for line in files(REDIS)["redis.conf"].splitlines())
    assert settings["maxmemory-policy"] == "noeviction"
    assert int(settings["maxmemory"]) == 600 * 1024**2


def postgresql_environment(folder: Path) -> dict[str, str]:
    passwords = {f"{role.upper()}_PASSWORD": f"{role}-pass" for role in postgresql.ACCOUNTS.names}
    return {"PGDATA": str(folder / "data"), "POD_IP": "10.1.2.3", **passwords}


STAND_INS = {
    "initdb": 'for a in "$@"; do case $a in --pgdata=*) d=${a#--pgdata=};; --pwfile=*) cat "${a#--pwfile=}" >> $D/pw;;'
    ' esac; done; mkdir -p "$d"; echo 17 > "$d/PG_VERSION"; echo initdb >> $D/calls',
    "pg_ctl": 'echo "pg_ctl $1" >> $D/calls',
    "psql": 'echo "psql $*" >> $D/calls; cat > $D/sql',
    "postgres": 'echo "postgres $*"; env | grep PGPASSWORD || true',
}


def test_postgresql_makes_its_cluster_once_and_its_roles_at_each_start(tmp_path: Path):
    script, environment = files(POSTGRESQL)["start.sh"], {**postgresql_environment(tmp_path), "D": str(tmp_path)}
    first = run(script, STAND_INS, tmp_path, environment)
    run(script, STAND_INS, tmp_path, environment)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["initdb", "pg_ctl", "psql", "pg_ctl", "pg_ctl", "psql", "pg_ctl"]
    assert (tmp_path / "pw").read_text() == "postgres-pass\n"
    assert first.startswith("postgres -h 10.1.2.3 -p 5432 ")
    assert "PGPASSWORD" not in first


def test_a_first_start_that_was_killed_half_way_is_begun_anew(tmp_path: Path):
    left = tmp_path / "data.new"
    left.mkdir()
    (left / "PG_VERSION").write_text("half")
    run(files(POSTGRESQL)["start.sh"], STAND_INS, tmp_path, {**postgresql_environment(tmp_path), "D": str(tmp_path)})
    assert (tmp_path / "data" / "PG_VERSION").read_text() == "17\n"
    assert not left.exists()


def test_a_database_without_its_version_is_damaged_and_left_as_it_is(tmp_path: Path):
    (tmp_path / "data" / "base").mkdir(parents=True)
    place = {"PATH": f"{tmp_path}:/usr/bin:/bin", **postgresql_environment(tmp_path)}
    script = files(POSTGRESQL)["start.sh"]
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=place, check=False)
    assert answer.returncode == 1
    assert "is damaged; restore it, or move it away" in answer.stderr
    assert (tmp_path / "data" / "base").is_dir()


def test_roles_and_databases_are_what_the_script_asks_for(tmp_path: Path):
    run(files(POSTGRESQL)["start.sh"], STAND_INS, tmp_path, {**postgresql_environment(tmp_path), "D": str(tmp_path)})
    statements = (tmp_path / "sql").read_text()
    assert "ALTER ROLE feature_job PASSWORD 'feature_job-pass';" in statements
    assert "CREATE DATABASE features OWNER feature_job" in statements
    assert "\n\\gexec\n" in statements
    assert "PASSWORD 'postgres-pass'" not in statements
    assert (tmp_path / "data" / "pg_hba.conf").read_text() == "host all all all scram-sha-256\n"
