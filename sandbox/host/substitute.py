from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Lookup = Callable[[str, str, str], str | None]
"""The address of a Service, or of one of its pods: told the Service, its namespace and the pod (or an empty text)."""

_BEFORE = r"(?<![A-Za-z0-9_.-])"
_AFTER = r"(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9_-])"
_BEFORE_PATH = r"(?:(?<![A-Za-z0-9_.\-/])|(?<=://)|(?<=:///))"
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SERVICE = (
    rf"(?P<service>{_BEFORE}(?:(?P<pod>{_LABEL})\.)?(?P<name>{_LABEL})\.(?P<namespace>{_LABEL})"
    rf"\.svc(?:\.cluster\.local)?{_AFTER})"
)
_ADDRESS = rf"(?P<address>{_BEFORE}10\.\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}}(?!/\d){_AFTER})"


def _nothing(_service: str, _namespace: str, _pod: str) -> str | None:
    return None


def _same(_address: str) -> str | None:
    return None


@dataclass(frozen=True)
class Places:
    """What the names of a cluster stand for on this machine.

    Attributes:
        lookup: Finds what ``<name>.<namespace>.svc`` stands for, with or without a pod before and ``.cluster.local``.
        address: Finds what an address of the cluster (10.0.0.0/8) stands for; None leaves it as it is.
        hosts: Further whole host names and addresses, and the address here.
        near: Names that count as hosts only in a URL or before a port, such as those of the pod's own namespace: a
            word of a text may be equal to one.
        paths: Directories and files of the container, and where they are here. What is below a directory follows it.
    """

    lookup: Lookup = _nothing
    address: Callable[[str], str | None] = _same
    hosts: Mapping[str, str] = field(default_factory=dict)
    near: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)


class Substitution:
    """Puts the places of this machine into texts that name those of a cluster.

    One pass finds all of them, longer names before shorter ones, so that nothing that was put in is looked through
    again. Only whole names count: what has a letter, a digit, a hyphen or a further label beside it is another name.

    Attributes:
        unresolved: Names of Services that were met and stand for nothing here; they were left as they are.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._pattern = _pattern(places)
        self.unresolved: set[str] = set()

    def __call__(self, text: str) -> str:
        """The text as a process on this machine is to read it."""
        return self._pattern.sub(self._here, text)

    def _here(self, match: re.Match[str]) -> str:
        found, places = match.group(), self._places
        if match.group("service"):
            here = places.lookup(match.group("name"), match.group("namespace"), match.group("pod") or "")
            if here is None:
                self.unresolved.add(found)
            return here or found
        if match.group("address"):
            return places.address(found) or found
        for group, known in (("host", places.hosts), ("near", places.near), ("path", places.paths)):
            if match.groupdict().get(group):
                return known[found]
        return found


def _pattern(places: Places) -> re.Pattern[str]:
    ways = [_SERVICE]
    if places.hosts:
        ways.append(f"(?P<host>{_BEFORE}(?:{_longest_first(places.hosts)}){_AFTER})")
    ways.append(_ADDRESS)
    if places.near:
        names = _longest_first(places.near)
        url = rf"(?<=://)(?:{names})(?=[:/?#\s\"',;]|$)|(?<=@)(?:{names})(?=[:/])"
        port = rf"(?<![A-Za-z0-9_.\-/])(?:{names})(?=:\d)"
        ways.append(f"(?P<near>{url}|{port})")
    if places.paths:
        ways.append(f"(?P<path>{_BEFORE_PATH}(?:{_longest_first(places.paths)}){_AFTER})")
    return re.compile("|".join(ways))


def _longest_first(names: Mapping[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
