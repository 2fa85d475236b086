"""What the SDK refuses by itself, because this engine does not offer it, told by option and resource."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import FrameType

from sandbox.engine import urns

_REFUSAL = re.compile(r"The Pulumi CLI does not support (?:the )?(?P<option>.+?)(?: option)?\. Please update")
_REGISTERING = "do_register"
"""The SDK's function that prepares one registration; its frame knows the resource."""


def refused_option(error: BaseException, project: str, stack: str) -> str | None:
    """Say which option of which resource the SDK refused; None when the error is something else.

    Args:
        error: what the program failed with.
        project: the project's name.
        stack: the stack's name.
    """
    match = _REFUSAL.search(str(error))
    if match is None:
        return None
    where = next((_urn(frame, project, stack) for frame in _frames(error) if frame.f_code.co_name == _REGISTERING), "")
    return (
        f"{where or 'the program'}: uses {match['option']}, which the embedded engine does not implement. "
        "Leave it out, or deploy with the Pulumi CLI (ENGINE=pulumi)."
    )


def _frames(error: BaseException) -> Iterator[FrameType]:
    step = error.__traceback__
    while step is not None:
        yield step.tb_frame
        step = step.tb_next


def _urn(frame: FrameType, project: str, stack: str) -> str:
    known = frame.f_locals
    parent = getattr(known.get("resolver"), "parent_urn", None) or ""
    return urns.build(stack, project, parent, known["ty"], known["name"])
