from __future__ import annotations

import functools
from collections.abc import Callable
from threading import Lock
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def once(function: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Keep what a function found for its arguments, and let nobody look for it a second time meanwhile.

    ``functools.cache`` lets every caller begin that comes before the first one is done: an engine asks the rules from
    many threads at once, and each of them would read the same file.

    Args:
        function: what is called once for each set of arguments; they must be hashable.
    """
    cached, lock = functools.cache(function), Lock()

    @functools.wraps(function)
    def found(*args: _Given.args, **kwargs: _Given.kwargs) -> _Found:
        with lock:
            return cached(*args, **kwargs)  # type: ignore[arg-type]  # whether they can be hashed shows in the call

    return found
