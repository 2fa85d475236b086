"""dev: the shape of production in a smaller size; a deleted secret's name is free again at once."""

from infra.stacks.profile import Profile

PROFILE = Profile(
    kafka="strimzi",
    keep=True,
    own_registry=True,
    secrets_manager=True,
    gateway_in_each_zone=False,
    private_endpoints=False,
    recovery_days=0,
)
