"""ClickHouse with the catalog's tables, views, grants and row policies, asked in one role after the other.

chDB is ClickHouse in a library: the same access control, but nowhere to keep users that SQL creates. So what the
statements grant is written into the users file that ClickHouse reads as well: each GRANT word for word, each row
policy's condition for the views of the roles that the user has.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from infra.core.data.access import DataCatalog
from infra.core.data.clickhouse_access import DEFINER, clickhouse_grants, clickhouse_row_policies, clickhouse_views
from infra.core.data.clickhouse_tables import clickhouse_databases, clickhouse_tables
from infra.stacks.files import ROOT

SECONDS = 120
LOG = "<query_log><database>system</database><table>query_log</table></query_log>"
FLUSH = "SYSTEM FLUSH LOGS"
"""Writes the query log now. It lasts as long as its process, so whoever made it has to ask for it."""


class ClickHouse:
    """One set of data in one folder."""

    def __init__(self, folder: Path, catalog: DataCatalog) -> None:
        self._folder = folder
        self._catalog = catalog
        folder.mkdir(parents=True, exist_ok=True)

    def declare(self) -> list[dict[str, Any]]:
        """Create every database, table and view; the answers tell what was refused."""
        catalog = self._catalog
        return self.as_administrator(
            [
                *clickhouse_databases(catalog),
                *clickhouse_tables(catalog),
                *clickhouse_views(catalog),
            ]
        )

    def as_administrator(self, queries: Sequence[str]) -> list[dict[str, Any]]:
        return self._ask("administrator", "<access_management>1</access_management>", queries)

    def as_role(
        self, role: str, queries: Sequence[str], *, scopes: Iterable[str] = (), may_flush: bool = False
    ) -> list[dict[str, Any]]:
        """Ask as somebody who has ``role`` and belongs to ``scopes`` (``tenant-trading-desk``).

        With ``may_flush`` the user also gets the right to have the query log written at once.
        """
        granted = "".join(f"<query>GRANT `{each}`</query>" for each in (role, *scopes))
        granted += f"<query>GRANT {FLUSH} ON *.*</query>" if may_flush else ""
        policies: dict[str, dict[str, str]] = {}
        for policy in clickhouse_row_policies(self._catalog):
            if policy.role == role:
                policies.setdefault(policy.database, {})[policy.table] = policy.condition
        filters = "".join(
            f"<{database}>{''.join(f'<{t}><filter>{escape(c)}</filter></{t}>' for t, c in tables.items())}</{database}>"
            for database, tables in policies.items()
        )
        user = f"<grants>{granted}</grants><databases>{filters}</databases>"
        return self._ask(f"{role}-{'-'.join(scopes)}", user, queries, scopes=tuple(scopes))

    def _ask(self, name: str, user: str, queries: Sequence[str], *, scopes: tuple[str, ...] = ()) -> list[Any]:
        users = self._folder / f"users-{name}.xml"
        config = self._folder / f"config-{name}.xml"
        users.write_text(self._users(user, scopes))
        config.write_text(f"<clickhouse><users_config>{users}</users_config>{LOG}</clickhouse>")
        child = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.support.clickhouse_child",
                str(self._folder / "data"),
                str(config),
            ],
            input=json.dumps(list(queries)),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=ROOT,
            check=False,
        )
        assert child.returncode == 0, child.stderr[-2000:]
        answers = json.loads(child.stdout)
        assert isinstance(answers, list)
        return answers

    def _users(self, user: str, scopes: tuple[str, ...]) -> str:
        rights: dict[str, list[str]] = {scope: [] for scope in scopes}
        for grant in clickhouse_grants(self._catalog):
            statement = grant.sql().removesuffix(f" TO `{grant.role}`")
            rights.setdefault(grant.role, []).append(f"<query>{escape(statement)}</query>")
        definer = "".join(rights.pop(DEFINER))
        roles = "".join(f"<{role}><grants>{''.join(grants)}</grants></{role}>" for role, grants in rights.items())
        common = "<password></password><profile>default</profile><quota>default</quota>"
        anywhere = "<networks><ip>::/0</ip></networks>"
        return (
            "<clickhouse><profiles><default/></profiles><quotas><default/></quotas>"
            f"<roles>{roles}</roles><users><default>{common}{anywhere}{user}</default>"
            f"<{DEFINER}>{common}<networks/><grants>{definer}</grants></{DEFINER}></users></clickhouse>"
        )
