from __future__ import annotations

from collections.abc import Iterator

from policies.image_catalog import image_catalog, names_others_image
from policies.images import parse_image
from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-026",
    title="Require secrets to be mounted as files and not put into the environment",
    severity=Severity.LOW,
    topics=("security", "secrets"),
    frameworks=("cis-kubernetes:5.4.1",),
    applies_to=EveryContainer(),
    rationale=(
        "The environment is inherited by every child process, shown by debug pages and crash reports, and stays as it"
        " was when the secret is rotated. A file has permissions and is renewed in place. Software that others make and"
        " that was reviewed for the catalog is let off: often the environment is all that it reads."
    ),
    remediation="Mount the Secret as a volume and give the program the file's path.",
)
def require_secrets_as_files(container: Container) -> Iterator[Violation]:
    """One violation for each variable, and each set of variables, that is taken from a Secret."""
    image = container.node["image"]
    if image.known() and names_others_image(image_catalog(), parse_image(image.text() or "")):
        return
    for variable in container.node["env"].items():
        reference = variable.at("valueFrom", "secretKeyRef")
        if reference.exists():
            name = variable["name"].text() or variable.path
            yield Violation(reference.path, f"{container.name} has a secret in the variable {name!r}")
    for source in container.node["envFrom"].items():
        if source["secretRef"].exists():
            yield Violation(source["secretRef"].path, f"{container.name} has all of a Secret in its environment")
