"""The certificates of a sandbox, made when they are needed and kept for as long as they are valid."""

import datetime as dt
from pathlib import Path

from sandbox.control_plane.pki import Pki
from sandbox.errors import SandboxError

RENEW_DAYS = 30


def ensure_pki(directory: Path) -> Pki:
    """Make the certificates and keys unless all are there and valid for another ``RENEW_DAYS``.

    Args:
        directory: Where they are kept.

    Raises:
        SandboxError: The directory cannot be written.
    """
    pki = Pki(directory)
    try:
        if _usable(pki):
            return pki
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        # cryptography takes 0.1 s to import, which only the first start of a sandbox needs to wait for
        from sandbox.control_plane.certificates import create_pki  # noqa: PLC0415

        create_pki(pki)
    except OSError as error:
        raise SandboxError(
            f"Cannot write the certificates: {error.strerror or error}",
            where=str(directory),
            fix="make the directory writable, or free some disk space",
        ) from error
    return pki


def _usable(pki: Pki) -> bool:
    stamp = pki.directory / "expires"
    if not stamp.is_file() or not all(path.is_file() and path.stat().st_size for path in pki.files()):
        return False
    try:
        expires = dt.datetime.fromisoformat(stamp.read_text(encoding="ascii").strip())
    except ValueError:
        return False
    return expires - dt.datetime.now(dt.UTC) > dt.timedelta(days=RENEW_DAYS)
