"""WebSocket frames as a server sends them (RFC 6455): unmasked, so one encoding serves every client."""

import struct

PING = b"\x89\x00"
_TEXT = 0x81
_CLOSE = 0x88
_SHORT, _MEDIUM = 126, 1 << 16
_MOST_REASON_BYTES = 123


def text_frame(payload: bytes) -> bytes:
    """A whole text message; the payload is UTF-8."""
    length = len(payload)
    if length < _SHORT:
        return bytes((_TEXT, length)) + payload
    if length < _MEDIUM:
        return struct.pack("!BBH", _TEXT, 126, length) + payload
    return struct.pack("!BBQ", _TEXT, 127, length) + payload


def close_frame(code: int, reason: str) -> bytes:
    """The last frame; a reason of more than 123 bytes is cut between two characters."""
    text = reason.encode()[:_MOST_REASON_BYTES].decode(errors="ignore").encode()
    return bytes((_CLOSE, 2 + len(text))) + struct.pack("!H", code) + text
