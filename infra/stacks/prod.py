"""prod: nothing stateful can be deleted or replaced by an update, and a deleted secret can be restored for 30 days."""

from infra.stacks.profile import Profile

PROFILE = Profile(
    kafka="strimzi",
    keep=True,
    own_registry=True,
    secrets_manager=True,
    gateway_in_each_zone=True,
    private_endpoints=True,
    recovery_days=30,
)
