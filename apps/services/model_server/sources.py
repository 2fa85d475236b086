"""Where models come from: MLflow, or folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from pricemodel.forest import FACTS_FILE, ModelError, PriceModel, load_model
from pricemodel.registry import CHALLENGER, CHAMPION, ModelRegistry, RegistryError

from model_server.settings import ModelServerSettings


class SourceUnavailableError(Exception):
    """The source gives no answer at the moment; the message says why."""


class Source(Protocol):
    """Names and loads versions. Calls block: they are made in a thread."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def named(self, alias: str) -> str | None:
        """The version that an alias names now; None where there is none.

        Raises:
            SourceUnavailableError: it cannot be told.
        """

    def load(self, alias: str, version: str) -> PriceModel:
        """Read a version; its self-test is not run.

        Raises:
            SourceUnavailableError: it cannot be reached.
            ModelError: it is no usable model.
        """


class RegistrySource:
    """Models by their aliases in MLflow."""

    def __init__(self, registry: ModelRegistry) -> None:
        """Use a registry."""
        self._registry = registry

    @property
    def place(self) -> str:
        """The registry's address and the model's name."""
        return f"{self._registry.name} in MLflow at {self._registry.url}"

    def named(self, alias: str) -> str | None:
        """As `Source.named`."""
        try:
            found = self._registry.named(alias)
        except RegistryError as error:
            raise SourceUnavailableError(str(error)) from error
        return None if found is None else found.version

    def load(self, alias: str, version: str) -> PriceModel:
        """As `Source.load`; nothing stays on the disk."""
        del alias
        with TemporaryDirectory(prefix="model-server-") as folder:
            try:
                return self._registry.fetch(version, Path(folder))
            except RegistryError as error:
                raise SourceUnavailableError(str(error)) from error


@dataclass(frozen=True)
class FolderSource:
    """Models in folders; a version is the beginning of the digest of its facts, which name every other file's."""

    folders: Mapping[str, Path]

    @property
    def place(self) -> str:
        """The champion's folder."""
        return f"folder {self.folders[CHAMPION]}"

    def named(self, alias: str) -> str | None:
        """As `Source.named`."""
        if alias not in self.folders:
            return None
        try:
            return sha256((self.folders[alias] / FACTS_FILE).read_bytes()).hexdigest()[:12]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceUnavailableError(f"{self.folders[alias]}: {error.strerror}") from error

    def load(self, alias: str, version: str) -> PriceModel:
        """As `Source.load`."""
        model = load_model(self.folders[alias])
        if self.named(alias) != version:
            raise ModelError(f"{self.folders[alias]}: was replaced while it was read; it is read again")
        return model


def source_of(settings: ModelServerSettings) -> Source:
    """The source that the settings name."""
    if settings.model.dir is None:
        return RegistrySource(ModelRegistry(settings.mlflow))
    folders = {CHAMPION: settings.model.dir}
    if settings.model.challenger_dir is not None:
        folders[CHALLENGER] = settings.model.challenger_dir
    return FolderSource(folders)
