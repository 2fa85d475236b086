"""Database grants: what each role may do, as SQL, from the edges of its clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from infra.core.wiring.edges import Edge, OutsideEdge
from infra.core.wiring.logins import ALL_TABLES, DatabaseLogin


def database_grants(edges: Iterable[Edge | OutsideEdge]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The statements of each server and database: what is granted, after everything was taken away.

    They can run any number of times, as the owner of the database and its schemas. What an edge no longer declares is
    gone after the next run, in every schema that some edge still names; a role that no edge names any more is for
    whoever creates the roles to drop. Rights on sequences follow INSERT: a serial column needs its next value.

    Args:
        edges: edges of the graph, to servers inside and outside; those without a PostgreSQL login are passed over.

    Returns:
        Statements by server (``namespace/name``, or the host of one outside) and database, in one fixed order.
    """
    found: dict[tuple[str, str], dict[str, dict[tuple[str, str], set[str]]]] = {}
    for edge in edges:
        login = edge.login
        if isinstance(login, DatabaseLogin):
            roles = found.setdefault((edge.server, login.database), {})
            tables = roles.setdefault(login.role, {})
            for grant in login.grants:
                tables.setdefault((grant.schema_name, grant.table), set()).update(grant.privileges)
    return {
        (server, database): tuple(_statements(database, roles)) for (server, database), roles in sorted(found.items())
    }


def _statements(database: str, roles: Mapping[str, Mapping[tuple[str, str], set[str]]]) -> Iterator[str]:
    schemas = sorted({schema for tables in roles.values() for schema, _ in tables})
    # PUBLIC is every role: what it may do, nobody has to be granted.
    yield f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;'
    for schema in schemas:
        yield f'REVOKE ALL ON SCHEMA "{schema}" FROM PUBLIC;'
    for role, tables in sorted(roles.items()):
        for schema in schemas:
            yield f'REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM "{role}";'
            yield f'REVOKE ALL ON ALL SEQUENCES IN SCHEMA "{schema}" FROM "{role}";'
            yield f'REVOKE ALL ON SCHEMA "{schema}" FROM "{role}";'
        yield f'GRANT CONNECT ON DATABASE "{database}" TO "{role}";'
        for schema in sorted({schema for schema, _ in tables}):
            yield f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}";'
        for (schema, table), privileges in sorted(tables.items()):
            what = f'ALL TABLES IN SCHEMA "{schema}"' if table == ALL_TABLES else f'TABLE "{schema}"."{table}"'
            yield f'GRANT {", ".join(sorted(privileges))} ON {what} TO "{role}";'
        for schema in sorted({schema for (schema, _), privileges in tables.items() if "INSERT" in privileges}):
            yield f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{role}";'
