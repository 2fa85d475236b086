"""`bootstrap`: makes the state bucket and the key of a stack of the cloud."""

from __future__ import annotations

from argparse import Namespace

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.deploy.cloud.backend import Backend
from sandbox.deploy.cloud.calls import LiveAws
from sandbox.deploy.cloud.checks import account_checks
from sandbox.deploy.cloud.place import cloud_place
from sandbox.deploy.cloud.preflight import require
from sandbox.errors import ConfigurationError


def bootstrap(arguments: Namespace, console: Console) -> int:
    """Make what is missing, once for each stack; running it again changes nothing."""
    where = environment(arguments)
    place = cloud_place(where.project, where.stack)
    if place is None:
        raise ConfigurationError(
            f"the stack {where.stack!r} keeps its state on this machine",
            where="--stack",
            fix="name a stack of the cloud: sandbox bootstrap --stack prod",
        )
    aws = LiveAws(place.region)
    require(account_checks(place, aws), place.stack)
    console.progress(f"state of {place.stack}: account {place.account}, region {place.region}")
    backend = Backend(place, aws, console.progress)
    key = backend.make()
    provider = place.secrets_provider or place.own_secrets_provider
    if arguments.json:
        print_json(
            {
                "bucket": place.bucket,
                "keyArn": key,
                "backendUrl": place.backend_url,
                "secretsProvider": provider,
                "changes": backend.changes,
                "result": "succeeded",
            }
        )
    console.result(f"{backend.changes} changes. The state of {place.stack} is kept at {place.backend_url}")
    if not place.encrypted:
        console.result("Next, once:")
        console.result(f"    pulumi login '{place.backend_url}'")
        console.result(f"    pulumi stack init {place.stack} --secrets-provider '{provider}'")
        console.result(f"    git add {place.file}    # the encrypted key that this wrote into it")
    return 0
