"""The committed list of recorded resource types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

LISTING: Final = Path(__file__).with_name("types.yaml")
"""The committed list."""

_REQUIRED: Final = {"schema", "id", "arn", "because"}
_OPTIONAL: Final = {"names", "nested", "local", "identity", "assumed", "outputs"}


@dataclass(frozen=True)
class RecordedType:
    """One entry of the list.

    Attributes:
        type: the Pulumi type token.
        schema: the CloudFormation type whose schema the inputs must satisfy.
        id: an output's name, or a text with inputs, or ``digest``, in braces.
        arn: the kind in the resource's ARN.
        because: why no emulator serves it.
        names: CloudFormation's names by Pulumi's, where they differ by more than the case of letters; a path with
            slashes where CloudFormation nests what Pulumi does not, with 0 for the first of a list.
        nested: CloudFormation's names by Pulumi's inside of the inputs, wherever CloudFormation has none of that name.
        local: inputs that CloudFormation does not know.
        identity: the inputs that together are the name.
        assumed: what the schema requires and the Pulumi type implies, by CloudFormation's names.
        outputs: values of outputs which the SDK's class lets be None, though AWS always sets them.
    """

    type: str
    schema: str
    id: str
    arn: str
    because: str
    names: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, str] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    assumed: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


@cache
def recorded_types(path: Path = LISTING) -> Mapping[str, RecordedType]:
    """Return the listed types by token.

    Raises:
        ValueError: an entry lacks a field or has one that is not known.
    """
    found: dict[str, RecordedType] = {}
    for token, entry in (yaml.safe_load(path.read_text()) or {}).items():
        missing, unknown = _REQUIRED - set(entry), set(entry) - _REQUIRED - _OPTIONAL
        if missing or unknown:
            wrong = f"{', '.join(sorted(missing))} missing" if missing else f"{', '.join(sorted(unknown))} not known"
            known = ", ".join(sorted(_REQUIRED | _OPTIONAL))
            raise ValueError(f"{path}: {token}: {wrong}; an entry has {known}")
        lists = {key: tuple(entry.get(key, ())) for key in ("local", "identity")}
        found[token] = RecordedType(type=token, **{**entry, **lists})
    return found
