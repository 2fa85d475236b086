"""LightGBM, imported when the first forest is grown or read: it takes time and a library of the system."""

from __future__ import annotations

import importlib
from typing import Any


class LibraryMissingError(Exception):
    """LightGBM cannot be loaded; the message says what is missing and how to get it."""


def lightgbm() -> Any:
    """The package.

    Raises:
        LibraryMissingError: it, or the system's OpenMP library that it is built on, is not installed.
    """
    try:
        return importlib.import_module("lightgbm")
    except OSError as error:
        raise LibraryMissingError(
            f"LightGBM cannot be loaded: {error}; it needs OpenMP: install libgomp1 (Debian, Ubuntu), libgomp (Fedora, "
            "Alpine) or libomp (macOS)"
        ) from error
    except ImportError as error:
        raise LibraryMissingError(f"LightGBM cannot be loaded: {error}; install the package `lightgbm`") from error
