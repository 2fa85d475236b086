from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from policies.cel.admission import Manifest, admission_manifests
from policies.errors import InputError
from policies.runtime import Packs

_NOTE: Final = "# Generated from the rules in policies/rules by `policies admission`; do not edit.\n"
_WIDTH: Final = 120


class _Dumper(yaml.CSafeDumper):
    """YAML as people write it: text of several lines stands as it is."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def admission_files(packs: Packs) -> dict[str, str]:
    """The files that hold what puts the rules before the API server: name and content.

    Args:
        packs: The packs, loaded, with the exceptions.

    Raises:
        InputError: If a rule's expression cannot be asked at admission.
    """
    return {f"{name}.yaml": _NOTE + _dump(manifests) for name, manifests in admission_manifests(packs).items()}


def write_admission_files(packs: Packs, folder: Path) -> list[str]:
    """Write the files into a folder, remove those that are no more, and say which changed.

    Args:
        packs: The packs, loaded, with the exceptions.
        folder: The folder; it is made if it is not there.

    Raises:
        InputError: If the folder cannot be written, or a rule's expression cannot be asked at admission.
    """
    files = admission_files(packs)
    changed: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.yaml"):
            # Only what is ours is removed, should somebody name another folder.
            if old.name not in files and old.read_text("utf-8").startswith(_NOTE):
                old.unlink()
                changed.append(old.name)
        for name, text in files.items():
            file = folder / name
            if not file.exists() or file.read_text("utf-8") != text:
                file.write_text(text, "utf-8")
                changed.append(name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}; name another folder") from error
    return sorted(changed)


def _dump(manifests: list[Manifest]) -> str:
    documents: list[Any] = manifests
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=_WIDTH, explicit_start=True)
