"""Names of everything that is declared: explicit, deterministic, and within the limits of where they are used."""

import hashlib
import re

DNS_LABEL_LENGTH = 63
"""Longest Kubernetes object name that also fits a label value and a DNS label (RFC 1123)."""

BUCKET_NAME_LENGTH = 63
"""Longest S3 bucket name (Amazon S3 User Guide, bucket naming rules)."""

PROJECT = "analytics-platform"
"""The project's name: prefix of what is unique in an account, and `app.kubernetes.io/part-of`."""

_NOT_DNS = re.compile(r"[^a-z0-9]+")


def short_hash(text: str, length: int = 8) -> str:
    """First ``length`` hex digits of the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def dns_label(*parts: str, limit: int = DNS_LABEL_LENGTH) -> str:
    """Join ``parts`` with dashes into one DNS label of at most ``limit`` characters.

    Characters that a label cannot carry become dashes. A name that is too long keeps its beginning and ends in a hash
    of the whole, so that two long names stay different.

    Raises:
        ValueError: nothing is left to make a name from.
    """
    wanted = "-".join(part for part in parts if part).lower()
    label = _NOT_DNS.sub("-", wanted).strip("-")
    if not label:
        raise ValueError(f"no name can be made from {parts!r}: give at least one letter or digit")
    if label != wanted or len(label) > limit:
        tail = short_hash(wanted)
        label = f"{label[: limit - len(tail) - 1].rstrip('-')}-{tail}"
    return label


def bucket_name(environment: str, role: str, account_id: str) -> str:
    """Globally unique name of a bucket: it carries the account id, so no two accounts can clash."""
    return dns_label(PROJECT, environment, role, account_id, limit=BUCKET_NAME_LENGTH)


def service_host(service: str, namespace: str) -> str:
    """DNS name of a Service inside the cluster."""
    return f"{service}.{namespace}.svc.cluster.local"
