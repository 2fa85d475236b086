"""Which images of ours a stack runs, for whoever builds them: `python -m infra.stacks.images --stack prod`.

Prints a JSON list. A tag is the hash of what an image is made from, so an image that is in the registry is never built
again, and a stack cannot run another build of the same sources.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.components.foundation.image_registry_layout import repository_host, repository_name
from infra.config import load_stack_config
from infra.core.errors import ConfigurationError, Problem
from infra.core.names import PROJECT
from infra.stacks.files import ROOT, service_tag
from infra.stacks.own_images import own_services, package_of

SERVICES = "apps/services"


@dataclass(frozen=True)
class OwnImage:
    """One image of ours.

    Attributes:
        service: the service's name.
        repository: the repository of the stack's account, without its host.
        tag: hash of the sources.
        reference: all of it, as a pod names it.
        region: region of the registry.
        dockerfile: path of its Dockerfile.
        context: path of what the Dockerfile sees.
    """

    service: str
    repository: str
    tag: str
    reference: str
    region: str
    dockerfile: str
    context: str = "apps"


def own_images(stack: str, root: Path = ROOT) -> list[OwnImage]:
    """List the images of every service of ours that the stack runs.

    Raises:
        ConfigurationError: the stack has no account, so no registry.
    """
    file = f"Pulumi.{stack}.yaml"
    if not (root / file).is_file():
        limit = "must be a stack of this project"
        raise ConfigurationError([Problem("--stack", "STACK", stack, limit, f"Write {file} or name another")])
    document: dict[str, Any] = yaml.safe_load((root / file).read_text("utf-8"))["config"]
    own = {key.removeprefix(f"{PROJECT}:"): value for key, value in document.items() if key.startswith(f"{PROJECT}:")}
    config = load_stack_config(own, stack)
    if config.aws is None:
        limit = "required for a registry of its own"
        raise ConfigurationError([Problem(file, "aws", "missing", limit, "Add aws: {accountId: ..., region: ...}")])
    host = repository_host(config.aws.account_id, config.aws.region)
    found = []
    for service in sorted(own_services(config)):
        name, package = repository_name(service), package_of(service)
        tag = service_tag(package, root)
        dockerfile = f"{SERVICES}/{package}/Dockerfile"
        found.append(OwnImage(service, name, tag, f"{host}/{name}:{tag}", config.aws.region, dockerfile))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the list; 2 when there is none."""
    parser = argparse.ArgumentParser(prog="python -m infra.stacks.images", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack")
    try:
        images = own_images(parser.parse_args(arguments).stack)
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps([asdict(image) for image in images]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
