from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_INSTANCES: Final = "aws:rds/parameterGroup:ParameterGroup"
_CLUSTERS: Final = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
_POSTGRES: Final = "rds.force_ssl"
_MYSQL: Final = "require_secure_transport"
_ON: Final = frozenset({"1", "ON", "TRUE"})
_TLS_BY_DEFAULT: Final = 15
"""From this version on RDS for PostgreSQL refuses connections in clear unless it is told otherwise."""


@rule(
    id="AWS-047",
    title="Require database servers to refuse connections in clear",
    severity=Severity.HIGH,
    topics=("encryption", "databases"),
    frameworks=("aws-foundational-security:RDS.38", "aws-foundational-security:RDS.39"),
    applies_to=Types(frozenset({_INSTANCES, _CLUSTERS})),
    rationale=(
        "A server that takes both is used in clear by the one client that nobody set up for TLS, passwords first. Only"
        " the server can insist."
    ),
    remediation=(
        f"Set the parameter {_POSTGRES} to 1 (PostgreSQL, SQL Server) or {_MYSQL} to ON (MySQL, MariaDB) in the group."
    ),
)
def require_database_tls(resource: Resource) -> Iterator[Violation]:
    """One violation for each parameter group that lets clients in without TLS.

    Oracle is told so in an option group, and an Aurora cluster in the group of the cluster only.
    """
    family = resource.root["family"].text() or ""
    aurora = family.startswith("aurora-")
    wanted = _wanted(family.removeprefix("aurora-"))
    if wanted is None or aurora != (resource.type == _CLUSTERS):
        return
    parameters = resource.root["parameters"]
    for parameter in parameters.items():
        if parameter["name"].text() == wanted:
            value = parameter["value"]
            if (value.text() or str(value.integer())).upper() not in _ON:
                yield Violation(value.path, f"{wanted} is {value.shown()}: connections in clear are let in")
            return
    if aurora or not _by_default(family):
        yield Violation(parameters.path, f"{wanted} is not set: connections in clear are let in")


def _wanted(family: str) -> str | None:
    if family.startswith(("postgres", "sqlserver")):
        return _POSTGRES
    return _MYSQL if family.startswith(("mysql", "mariadb")) else None


def _by_default(family: str) -> bool:
    version = re.fullmatch(r"postgres(\d+)", family)
    return version is not None and int(version[1]) >= _TLS_BY_DEFAULT
