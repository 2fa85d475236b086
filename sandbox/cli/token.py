"""The command `token`: a token of the sandbox's own identity, for trying what is deployed."""

from __future__ import annotations

from argparse import Namespace

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.control_plane.lifecycle import admin_client, status
from sandbox.errors import ConfigurationError, SandboxError
from sandbox.identity import Identity

LONGEST_SECONDS = 24 * 3600


def token(arguments: Namespace, console: Console) -> int:
    """Print a token that says who somebody is, signed with the key that the deployed services check tokens by."""
    where = environment(arguments)
    if not 1 <= arguments.ttl <= LONGEST_SECONDS:
        raise ConfigurationError(
            f"a token of {arguments.ttl} s was asked for",
            where="--ttl",
            fix=f"ask for 1 to {LONGEST_SECONDS} s (a day)",
        )
    endpoints = status(where.paths.name, root=where.paths.root).endpoints
    if endpoints is None:
        raise SandboxError(f"the sandbox {where.paths.name!r} does not run", where="--name", fix="start it: sandbox up")
    identity = Identity.of(admin_client(endpoints), where=f"the sandbox {where.paths.name}")
    subject = arguments.subject or f"{arguments.role[0]}@{arguments.tenant}"
    claims = identity.claims(subject, arguments.role, arguments.ttl, tenant=arguments.tenant)
    signed = identity.sign(claims)
    if arguments.json:
        print_json({"token": signed, "claims": claims})
    console.result(signed)
    return 0
