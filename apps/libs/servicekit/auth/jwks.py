"""Public keys of an issuer as a document: JSON Web Key Set (RFC 7517)."""

from collections.abc import Mapping
from typing import Any

import jwt
import orjson

_ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "oct": ("HS256",),
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""Algorithms by kind of key: a public key must never be taken for a shared one, nor the other way round."""

MOST_BYTES = 1 << 20
"""What a document may be long at most."""

_LEAST_OCT_BYTES = 32


class Key:
    """One key, and the algorithms that it is for."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Read a JWK.

        Raises:
            ValueError: it is of an unknown kind, too short or damaged.
        """
        kind = str(parameters.get("kty"))
        if kind not in _ALGORITHMS:
            raise ValueError(f"kty {kind!r} is not one of {', '.join(_ALGORITHMS)}")
        self.id = str(parameters["kid"]) if "kid" in parameters else None
        named = parameters.get("alg")
        self.algorithms = frozenset(_ALGORITHMS[kind] if named is None else {named} & set(_ALGORITHMS[kind]))
        if not self.algorithms:
            raise ValueError(f"alg {named!r} does not fit kty {kind!r}")
        self.symmetric = kind == "oct"
        try:
            self.value: Any = jwt.PyJWK(dict(parameters), algorithm=next(iter(sorted(self.algorithms)))).key
        except jwt.PyJWTError as error:
            raise ValueError(f"the key is damaged: {error}") from None
        if self.symmetric and len(self.value) < _LEAST_OCT_BYTES:
            raise ValueError(f"a shared key of {len(self.value)} bytes; at least {_LEAST_OCT_BYTES}")


def parse_jwks(data: bytes, accepted: frozenset[str]) -> list[Key]:
    """The keys of a JWKS document that sign with an accepted algorithm; keys for encryption are left out.

    Raises:
        ValueError: it is no JWKS, or none of its keys can be used; says why.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data)} bytes; at most {MOST_BYTES}")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError('not a JWKS: it has no list "keys"')  # noqa: TRY004 - what is wrong is the document
    keys, reasons = [], []
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = Key(entry)
        except ValueError as error:
            reasons.append(str(error))
            continue
        if key.algorithms & accepted:
            keys.append(key)
    if not keys:
        told = f" ({'; '.join(reasons)})" if reasons else ""
        raise ValueError(f"no key for {', '.join(sorted(accepted))}{told}")
    return keys
