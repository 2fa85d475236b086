"""Resource identity: how a URN is built, and under which older URNs a resource may be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STACK_TYPE = "pulumi:pulumi:Stack"
_PREFIX = "urn:pulumi:"


@dataclass(frozen=True)
class Urn:
    """A URN in its parts.

    Attributes:
        stack: the stack's name.
        project: the project's name.
        type_chain: the qualified type: parents' types and its own, joined by `$`; the stack's own type is left out.
        name: the resource's name.
    """

    stack: str
    project: str
    type_chain: str
    name: str

    @property
    def type(self) -> str:
        """The resource's own type token."""
        return self.type_chain.rsplit("$", 1)[-1]

    def __str__(self) -> str:
        return f"{_PREFIX}{self.stack}::{self.project}::{self.type_chain}::{self.name}"


def parse(text: str) -> Urn:
    """Read a URN.

    Raises:
        ValueError: the text is not a URN.
    """
    parts = text.removeprefix(_PREFIX).split("::", 3)
    if not text.startswith(_PREFIX) or len(parts) != 4:
        raise ValueError(f"{text!r} is not a URN (urn:pulumi:<stack>::<project>::<type>::<name>)")
    return Urn(*parts)


def build(stack: str, project: str, parent: str, type: str, name: str) -> str:
    """Build the URN of a resource as Pulumi's engine does.

    Args:
        stack: the stack's name.
        project: the project's name.
        parent: the parent's URN, or "" for none; the root stack adds nothing to the type chain.
        type: the resource's type token.
        name: the resource's name.
    """
    chain = type
    if parent:
        parent_chain = parse(parent).type_chain
        if parent_chain != STACK_TYPE:
            chain = f"{parent_chain}${type}"
    return str(Urn(stack, project, chain, name))


@dataclass(frozen=True)
class AliasSpec:
    """An alias as the program gives it; empty fields mean "as now".

    Attributes:
        urn: a whole URN; then the other fields do not count.
        name: the former name.
        type: the former type token.
        stack: the former stack.
        project: the former project.
        parent: the former parent's URN.
        no_parent: it had no parent.
    """

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


def aliases(urn: str, parent: str, specs: Sequence[AliasSpec], known: Mapping[str, Sequence[str]]) -> list[str]:
    """List the URNs under which the resource may stand in the state, most specific first, without its own.

    Aliases are inherited: each alias of the parent gives the child one, with the parent's name replaced at the start
    of the child's name where the child follows the `<parent>-<role>` convention.

    Args:
        urn: the resource's URN.
        parent: the parent's URN.
        specs: its aliases as the program gives them.
        known: the aliases of what was registered before, by URN.
    """
    now = parse(urn)
    inherited = known.get(parent, ())
    found: list[str] = []
    for spec in specs:
        if spec.urn:
            found.append(spec.urn)
            former = parse(spec.urn)
            found.extend(
                _inherit(now.stack, now.project, former.type, former.name, parent, alias) for alias in inherited
            )
            continue
        former_parent = "" if spec.no_parent else (spec.parent or parent)
        type_, name = spec.type or now.type, spec.name or now.name
        stack, project = spec.stack or now.stack, spec.project or now.project
        found.extend(build(stack, project, alias, type_, name) for alias in known.get(spec.parent, ()))
        found.append(build(stack, project, former_parent, type_, name))
        if not spec.parent and not spec.no_parent:
            found.extend(_inherit(stack, project, type_, name, parent, alias) for alias in inherited)
    found.extend(_inherit(now.stack, now.project, now.type, now.name, parent, alias) for alias in inherited)
    return [alias for alias in dict.fromkeys(found) if alias != urn]


def _inherit(stack: str, project: str, type_: str, name: str, parent: str, parent_alias: str) -> str:
    parent_name, alias_name = parse(parent).name, parse(parent_alias).name
    if name.startswith(parent_name):
        name = alias_name + name[len(parent_name) :]
    return build(stack, project, parent_alias, type_, name)
