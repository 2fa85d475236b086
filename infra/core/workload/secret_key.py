"""How a declaration names a secret: by where it is, never by what it says."""

from infra.core.models import Args


class SecretKey(Args):
    """One key of a Kubernetes Secret, by reference."""

    secret: str
    key: str
