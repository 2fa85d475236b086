"""The providers of a run: one instance for each provider resource of the program, made when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from sandbox.engine.goal import UnsupportedError
from sandbox.engine.provider import Provider
from sandbox.engine.state.record import Record
from sandbox.engine.urns import parse
from sandbox.engine.values import PropertyMap, reveal

PROVIDER_PREFIX = "pulumi:providers:"

Factory = Callable[[str, PropertyMap], Provider]
"""Makes the provider of a package (`kubernetes`, `aws`, `random`) from the inputs of its provider resource."""


class UnknownPackageError(UnsupportedError):
    """No provider of this engine serves the package."""


class ProviderSource(Protocol):
    """Where the deployment gets providers from."""

    def get(self, record: Record) -> Provider:
        """Return the provider of a resource."""
        ...


class ProviderRegistry:
    """Knows the provider resources of state and program, and their running providers."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._inputs: dict[str, PropertyMap] = {}
        self._running: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def declare(self, record: Record) -> None:
        """Make a provider resource known; a later declaration with other inputs takes the place of an earlier one."""
        with self._lock:
            if self._inputs.get(record.urn) != record.inputs:
                self._inputs[record.urn] = record.inputs
                stale = self._running.pop(record.urn, None)
                if stale is not None:
                    stale.close()

    def get(self, record: Record) -> Provider:
        """Return the provider that a resource refers to.

        Raises:
            UnsupportedError: it names none, one never declared, or one that does not serve its type.
        """
        reference = record.provider.rsplit("::", 1)[0]
        if not reference:
            raise UnsupportedError(
                f"{record.urn}: no provider is given, and default providers are disabled; pass "
                "opts=ResourceOptions(provider=...) to it or to one of its parents"
            )
        with self._lock:
            if reference not in self._inputs:
                raise UnsupportedError(f"{record.urn}: its provider {reference} was not declared in this program")
            if reference not in self._running:
                package = parse(reference).type.removeprefix(PROVIDER_PREFIX)
                self._running[reference] = self._factory(package, reveal(self._inputs[reference]))
            provider = self._running[reference]
        if not provider.supports(record.type):
            raise UnsupportedError(
                f"{record.urn}: the embedded engine has neither an adapter nor a recorded type for {record.type}; "
                "add it to the recorded types, or deploy with the Pulumi CLI (ENGINE=pulumi)"
            )
        return provider

    def close(self) -> None:
        """Close every running provider."""
        with self._lock:
            for provider in self._running.values():
                provider.close()
            self._running.clear()
