"""local: one machine, nothing that must outlive it."""

from infra.stacks.profile import Profile

PROFILE = Profile(
    kafka="single-broker",
    keep=False,
    own_registry=False,
    secrets_manager=False,
    gateway_in_each_zone=False,
    private_endpoints=False,
    recovery_days=0,
)
