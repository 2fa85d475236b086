"""Every type and property that the rules about AWS read exists in the provider that the program uses."""

import functools
import re
from pathlib import Path

import pulumi_aws
import pytest

import policies
from policies.aws import stores
from policies.runtime import load_packs

PROVIDER = Path(pulumi_aws.__file__).parent
POLICIES = Path(policies.__file__).parent
RULES = load_packs(["aws"]).rules
TABLES = {
    name: getattr(stores, name)
    for name in (
        "ENCRYPTED",
        "IN_TRANSIT",
        "BETWEEN_NODES",
        "TLS_VERSIONS",
        "PRIVATE",
        "BACKED_UP",
        "SEVERAL_ZONES",
        "DELETION_PROTECTED",
    )
}
PATHS = sorted(
    {(token, flag.path) for table in TABLES.values() for token, flags in table.items() for flag in flags}
    | {(token, path) for token, paths in stores.KEYS.items() for path in paths}
)


@functools.cache
def _module(token: str) -> Path | None:
    package = token.split(":")[1].split("/", maxsplit=1)[0]
    for file in sorted((PROVIDER / package).glob("*.py")):
        if f"'{token}'" in file.read_text() or f'"{token}"' in file.read_text():
            return file
    return None


@functools.cache
def _names(file: Path) -> frozenset[str]:
    text = file.read_text()
    renamed = re.findall(r'@pulumi\.getter\(name="(\w+)"\)', text)
    plain = re.findall(r"@pulumi\.getter\s+def (\w+)\(", text)
    return frozenset((*renamed, *plain))


def _tokens() -> list[str]:
    sources = [*POLICIES.glob("aws/*.py"), *POLICIES.glob("rules/aws/*/rule.py")]
    written = {token for file in sources for token in re.findall(r'"(aws:[a-z0-9]+/\w+:\w+)"', file.read_text())}
    return sorted(written | {token for rule in RULES.values() for token in getattr(rule.applies_to, "tokens", ())})


@pytest.mark.parametrize("token", _tokens())
def test_the_provider_has_every_type_that_a_rule_names(token: str):
    # Other spellings of a type are kept by the provider as deprecated ones.
    current = token.replace("V2:", ":").removesuffix("V2")
    assert _module(token) or _module(current) or _module(current.replace("aws:alb/", "aws:lb/"))


@pytest.mark.parametrize(("token", "path"), PATHS)
def test_the_provider_has_every_property_that_a_table_names(token: str, path: tuple[str, ...]):
    file = _module(token) or _module(token.replace("aws:alb/", "aws:lb/"))
    assert file is not None
    first, *inner = [key for key in path if key != "*"]
    assert first in _names(file)
    inputs = PROVIDER / file.parent.name / "_inputs.py"
    for key in inner:
        assert key in _names(inputs)
