"""Policy documents as texts."""

from __future__ import annotations

import json
from urllib.parse import unquote

from sandbox.engine.values import Json


def as_text(document: Json) -> str:
    """Return a document that the client may have parsed, or left URL-encoded, as JSON text."""
    if isinstance(document, str):
        return document if document.lstrip().startswith("{") else unquote(document)
    return json.dumps(document, separators=(",", ":"))
