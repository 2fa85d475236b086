"""The IAM policy of one workload, from what it uses."""

from __future__ import annotations

from collections.abc import Sequence

from infra.core.iam.grants import Grant, KeyArns
from infra.core.iam.place import AwsPlace
from infra.core.iam.statement import POLICY_SIZE, allowing, check_size, merged, rendered


def policy_document(workload: str, grants: Sequence[Grant], place: AwsPlace, keys: KeyArns, *, file: str) -> str:
    """What the workload may do: what its grants say, and nothing else.

    There are no statements that deny. What no grant names is refused anyway, and the permissions boundary denies what
    must never be.

    Args:
        workload: the workload's name, for the error.
        grants: what it uses; their order does not matter.
        place: account and region.
        keys: ARNs of the keys that the grants refer to, by name.
        file: file that declares the workload, for the error.

    Returns:
        JSON without white space.

    Raises:
        ConfigurationError: the policy is longer than IAM takes.
        ValueError: a grant refers to a key that ``keys`` does not have.
    """
    statements = merged(statement for grant in grants for statement in grant.statements(place, keys))
    return check_size(
        rendered(allowing(statements)),
        limit=POLICY_SIZE,
        file=file,
        field=f"{workload}.uses",
        what="a managed policy of IAM",
        fix="Let it use fewer or wider prefixes, or split the workload",
    )
