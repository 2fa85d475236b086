"""What the command line of every program of ours does alike, of services and of jobs: its name, settings and end."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from servicekit.logs import setup_logging
from servicekit.settings import ServiceSettings, SettingsError, load_settings

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class Program:
    """A program, run as ``python -m <package>``.

    Attributes:
        name: as it is called in logs and errors, such as ``price-feed``; the package has underscores instead.
        version: of the program.
        purpose: one sentence for ``--help``.
    """

    name: str
    version: str
    purpose: str

    def parser(self) -> argparse.ArgumentParser:
        """A parser that knows ``--help`` and ``--version``; wrong usage ends the process with 2."""
        package = self.name.replace("-", "_")
        parser = argparse.ArgumentParser(prog=f"python -m {package}", description=self.purpose)
        parser.add_argument("--version", action="version", version=f"{self.name} {self.version}")
        return parser

    def start(self, settings: type[S]) -> S:
        """Read the settings, and log from here on as they say.

        Raises:
            SettingsError: a variable is missing, wrong or unknown.
        """
        loaded = load_settings(settings)
        setup_logging(service=self.name, version=self.version, level=loaded.log_level)
        return loaded

    def end(self, work: Callable[[], int], *failures: type[Exception]) -> int:
        """Do the work; returns the exit code: the work's own, or that of the failure, which is told in a sentence.

        Args:
            work: what the program is for; returns its exit code.
            failures: what may go wrong by no mistake of the program: ends it with the error's ``exit_code``, 1 where
                it has none. Wrong settings are always among them; anything else is shown as the mistake that it is.
        """
        told: tuple[type[Exception], ...] = (SettingsError, *failures)
        try:
            return work()
        except told as error:
            sys.stderr.write(f"{self.name}: {error}\n")
            return int(getattr(error, "exit_code", 1))
