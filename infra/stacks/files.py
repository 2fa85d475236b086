"""The only place where the program reads files: the catalog with its policies, and the sources of our own services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.components.foundation.admission_layout import FOLDER as ADMISSION
from infra.core.catalog.catalog import FOLDER, Catalog, parse_catalog
from infra.core.content_hash import content_hash
from infra.core.definitions import as_stored
from infra.core.errors import ConfigurationError, Problem

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = "apps/libs"
AUTHORITIES = f"{FOLDER}/rds"


def read_catalog(root: Path = ROOT) -> Catalog:
    """Read and check infra/catalog. The authorities of a region are in the file of its name under rds.

    Raises:
        ConfigurationError: as ``parse_catalog``.
    """
    folder = root / FOLDER
    catalog = parse_catalog({path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))})
    authorities = {path.stem: path.read_text("utf-8") for path in sorted((root / AUTHORITIES).glob("*.pem"))}
    return replace(catalog, authorities=authorities)


def read_definitions(paths: Sequence[str], root: Path = ROOT) -> tuple[dict[str, Any], ...]:
    """Custom resource definitions of infra/catalog/crds, as manifests that an API server keeps as they are.

    Raises:
        ConfigurationError: a file that charts.yaml names is not there.
    """
    manifests: list[dict[str, Any]] = []
    for name in paths:
        path = root / FOLDER / "crds" / name
        if not path.is_file():
            limit = f"must be a file under {FOLDER}/crds"
            raise ConfigurationError(
                [Problem(f"{FOLDER}/charts.yaml", "crds", name, limit, "Add it or correct the name")]
            )
        manifests.append(as_stored(json.loads(path.read_text("utf-8"))))
    return tuple(manifests)


def read_policies(root: Path = ROOT) -> dict[str, str]:
    """The Rego modules of infra/catalog/rego, by name of the file, without their tests.

    Raises:
        ConfigurationError: there are none.
    """
    folder = f"{FOLDER}/rego"
    paths = sorted((root / folder).glob("*.rego"))
    modules = {path.name: path.read_text("utf-8") for path in paths if not path.name.endswith("_test.rego")}
    if not modules:
        limit = "the policy engine decides by the modules in this folder"
        raise ConfigurationError([Problem(folder, "the folder", "empty", limit, "Restore it from the repository")])
    return modules


def read_admission(root: Path = ROOT) -> dict[str, str]:
    """The policies of the API server and their bindings, as texts by name of the file."""
    return {path.name: path.read_text("utf-8") for path in sorted((root / ADMISSION).glob("*.yaml"))}


def service_tag(package: str, root: Path = ROOT) -> str:
    """Tag of a service's image: the hash of its folder and of the libraries that it may use.

    Raises:
        ConfigurationError: the service has no folder.
    """
    folder = root / "apps/services" / package
    if not folder.is_dir():
        problem = Problem(
            f"{FOLDER}/images.yaml", "images", package, "has no folder", f"Create apps/services/{package}"
        )
        raise ConfigurationError([problem])
    return content_hash(_files(root, (folder, root / LIBRARIES)))


def _files(root: Path, folders: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            hidden = any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(root).parts)
            if path.is_file() and not hidden and path.suffix != ".pyc":
                yield path.relative_to(root).as_posix(), path.read_bytes()
