import pytest
from pydantic import ValidationError

from infra.core.wiring import DatabaseLogin, TableGrant
from infra.core.wiring.grants import database_grants
from tests.support.wirings import HTTP, READER, SQL, client, server, wired

WRITER = DatabaseLogin(
    role="writer",
    database="platform",
    grants=(
        TableGrant(schema_name="prices", table="daily", privileges=("SELECT", "INSERT")),
        TableGrant(schema_name="reference", privileges=("SELECT",)),
    ),
)


def statements(*logins: DatabaseLogin) -> tuple[str, ...]:
    clients = [client(f"client-{index}", "two", (SQL, login), HTTP) for index, login in enumerate(logins)]
    ((where, lines),) = database_grants(wired(server(), *clients).edges).items()
    assert where == ("one/server", "platform")
    return lines


def test_a_role_may_do_what_its_edges_say_and_nothing_else():
    lines = statements(WRITER)
    assert [line for line in lines if line.startswith("GRANT")] == [
        'GRANT CONNECT ON DATABASE "platform" TO "writer";',
        'GRANT USAGE ON SCHEMA "prices" TO "writer";',
        'GRANT USAGE ON SCHEMA "reference" TO "writer";',
        'GRANT INSERT, SELECT ON TABLE "prices"."daily" TO "writer";',
        'GRANT SELECT ON ALL TABLES IN SCHEMA "reference" TO "writer";',
        'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "prices" TO "writer";',
    ]
    assert lines.index('REVOKE ALL ON SCHEMA "prices" FROM "writer";') < lines.index(
        'GRANT USAGE ON SCHEMA "prices" TO "writer";'
    )


def test_two_clients_of_one_role_add_up_and_the_order_is_fixed():
    more = WRITER.model_copy(
        update={"grants": (TableGrant(schema_name="prices", table="daily", privileges=("DELETE",)),)}
    )
    assert 'GRANT DELETE, INSERT, SELECT ON TABLE "prices"."daily" TO "writer";' in statements(WRITER, more)
    assert statements(WRITER, READER) == statements(READER, WRITER)


def test_a_role_loses_what_another_role_keeps():
    assert 'REVOKE ALL ON ALL TABLES IN SCHEMA "reference" FROM "reader";' in statements(WRITER, READER)


def test_edges_without_a_database_grant_nothing():
    assert database_grants(wired(server(), client("a", "two", HTTP)).edges) == {}


@pytest.mark.parametrize("name", ['x"; DROP TABLE y; --', "Prices", "1st", "", "x" * 64])
def test_a_name_that_would_need_care_in_sql_is_refused(name: str):
    with pytest.raises(ValidationError):
        TableGrant(schema_name=name, privileges=("SELECT",))
    with pytest.raises(ValidationError):
        DatabaseLogin(role=name, database="platform", grants=READER.grants)


def test_a_privilege_twice_or_none_is_refused():
    with pytest.raises(ValidationError, match="name one twice"):
        TableGrant(schema_name="prices", privileges=("SELECT", "SELECT"))
    with pytest.raises(ValidationError, match="at least 1"):
        TableGrant(schema_name="prices", privileges=())
