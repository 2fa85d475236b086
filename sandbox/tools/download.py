import hashlib
import shutil
import socket
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import urllib.response
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.tools.cache import Progress
from sandbox.tools.platforms import Platform
from sandbox.tools.registry import Release, Tool

CONNECT_SECONDS = 3.0
STALL_SECONDS = 30.0  # a download that delivers nothing for so long is given up
_CHUNK = 1 << 20


class NotDownloadableError(Exception):
    """The official release cannot be had here: not published, or no network. Another source may do."""


class Downloader:
    """Downloads official releases and verifies their checksums.

    A host that did not answer once is not tried again by the same object, so that a machine with no network waits for
    one connection time-out and not for one a tool.
    """

    def __init__(self) -> None:
        self._unreachable: dict[str, str] = {}

    def fetch(self, tool: Tool, platform: Platform, directory: Path, progress: Progress) -> Path:
        """Download a tool into a directory and return the program's path.

        Raises:
            NotDownloadableError: There is no release for the platform, or its host cannot be reached.
            SandboxError: The file differs from its published checksum.
        """
        release = tool.release
        if release is None:
            raise NotDownloadableError("its releases publish no checksums")
        if platform.os not in release.systems:
            raise NotDownloadableError(f"it is not released for {platform.os}")
        values = {"os": platform.os, "arch": platform.arch}
        url = release.url.format(**values)
        expected = self._checksum(release.checksum_url.format(**values), url)
        target = directory / "download"
        self._download(url, target, tool, progress)
        actual = _sha256(target)
        if actual != expected:
            raise SandboxError(
                f"The download of {tool.name} {tool.version} has the SHA-256 {actual}, but {expected} is published",
                where=url,
                fix="try again; if it stays so, something between here and the host alters downloads: "
                "set SANDBOX_TOOLS_SOURCE=build",
            )
        return _unpack(target, release, values, directory)

    def _checksum(self, url: str, file_url: str) -> str:
        self._reach(url)
        with self._open(url, CONNECT_SECONDS) as response:
            text = response.read(1 << 16).decode("ascii", "replace")
        return parse_checksum(text, Path(urllib.parse.urlsplit(file_url).path).name, url)

    def _download(self, url: str, target: Path, tool: Tool, progress: Progress) -> None:
        begin = told = time.monotonic()
        done = 0
        with self._open(url, STALL_SECONDS) as response, target.open("wb") as stream:
            total = int(response.headers.get("Content-Length") or 0)
            try:
                while chunk := response.read(_CHUNK):
                    stream.write(chunk)
                    done += len(chunk)
                    now = time.monotonic()
                    if now - told >= 5:
                        told = now
                        of = f" of {total / 1e6:.0f}" if total else ""
                        progress(f"downloading {tool.name}: {done / 1e6:.0f}{of} MB ({now - begin:.0f} s)")
            except (TimeoutError, ConnectionError) as error:
                raise NotDownloadableError(f"the download of {url} broke off: {error}") from error
        if total and done != total:
            raise NotDownloadableError(f"the download of {url} broke off after {done} of {total} bytes")

    def _reach(self, url: str) -> None:
        """Find out quickly whether a host answers; behind a proxy only the request itself can tell."""
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        if host in self._unreachable:
            raise NotDownloadableError(self._unreachable[host])
        if urllib.request.getproxies().get(parts.scheme):
            return
        try:
            socket.create_connection((host, parts.port or 443), timeout=CONNECT_SECONDS).close()
        except OSError as error:
            raise self._give_up(host, error) from error

    def _open(self, url: str, timeout: float) -> "urllib.response.addinfourl":
        host = urllib.parse.urlsplit(url).hostname or ""
        try:
            response: urllib.response.addinfourl = urllib.request.urlopen(url, timeout=timeout)  # noqa: S310 - https
        except urllib.error.HTTPError as error:
            raise NotDownloadableError(f"{url} answered {error.code} {error.reason}") from error
        except (OSError, ValueError) as error:
            raise self._give_up(host, error) from error
        return response

    def _give_up(self, host: str, error: Exception) -> NotDownloadableError:
        reason = getattr(error, "reason", None) or error
        self._unreachable[host] = f"{host} cannot be reached ({reason})"
        return NotDownloadableError(self._unreachable[host])


def parse_checksum(text: str, file_name: str, url: str) -> str:
    """The SHA-256 of a file in a checksum file: a bare digest, or the line that names the file.

    Raises:
        NotDownloadableError: The checksum file does not name the file.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    for words in lines:
        named = len(words) == 2 and words[1].lstrip("*").removeprefix("./") == file_name
        bare = len(lines) == 1 and len(words) == 1
        if (named or bare) and _is_digest(words[0]):
            return words[0].lower()
    raise NotDownloadableError(f"{url} has no SHA-256 of {file_name}")


def _is_digest(word: str) -> bool:
    return len(word) == 64 and all(letter in "0123456789abcdefABCDEF" for letter in word)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unpack(archive: Path, release: Release, values: dict[str, str], directory: Path) -> Path:
    if not release.member:
        return archive
    member = release.member.format(**values)
    program = directory / "program"
    try:
        with tarfile.open(archive) as tar:
            source = tar.extractfile(member)
            if source is not None:
                with source, program.open("wb") as stream:
                    shutil.copyfileobj(source, stream)
                return program
    except (KeyError, tarfile.TarError):
        pass  # the same news as a member that is no file
    raise SandboxError(f"The archive has no program {member}", where=release.url.format(**values))
