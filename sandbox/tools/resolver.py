import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import ConfigurationError, SandboxError
from sandbox.tools.cache import Progress, cached_path, exclusive, install, is_program, workspace
from sandbox.tools.download import Downloader, NotDownloadableError
from sandbox.tools.gobuild import build
from sandbox.tools.platforms import Platform, current_platform
from sandbox.tools.registry import TOOLS, Tool, tool

SOURCES = ("auto", "download", "build")


@dataclass(frozen=True)
class ToolStatus:
    """What is known of a tool without building or downloading anything.

    Attributes:
        name: The tool.
        version: The pinned version.
        origin: ``PATH``, ``KUBEBUILDER_ASSETS``, ``cache`` or ``missing``.
        path: The program; None when it is missing.
        how: How it is got when it is missing.
        optional: True for a tool that only the tests use.
    """

    name: str
    version: str
    origin: str
    path: Path | None
    how: str
    optional: bool


def resolve(names: Iterable[str], progress: Progress) -> dict[str, Path]:
    """Find each tool, or get it: installed, cached, downloaded, or built, in this order.

    Args:
        names: The tools.
        progress: Told, line by line, of everything that takes long.

    Returns:
        The program of each name.

    Raises:
        ConfigurationError: A name or SANDBOX_TOOLS_SOURCE is not known.
        SandboxError: A tool cannot be had; the message says why and what to do.
    """
    source = chosen_source()
    platform = current_platform()
    downloader = Downloader()
    found: dict[str, Path] = {}
    for name in names:
        wanted = tool(name)
        _, path = _present(wanted, platform)
        found[name] = path or _acquire(wanted, platform, source, downloader, progress)
    return found


def statuses() -> list[ToolStatus]:
    """The state of every tool, without building or downloading anything.

    Raises:
        SandboxError: The platform is not supported.
    """
    platform = current_platform()
    result = []
    for wanted in TOOLS:
        origin, path = _present(wanted, platform)
        result.append(
            ToolStatus(
                name=wanted.name,
                version=wanted.version,
                origin=origin,
                path=path,
                how=_how(wanted, platform),
                optional=wanted.optional,
            )
        )
    return result


def chosen_source() -> str:
    """The value of SANDBOX_TOOLS_SOURCE: ``auto`` (the default), ``download`` or ``build``.

    Raises:
        ConfigurationError: It is something else.
    """
    source = os.environ.get("SANDBOX_TOOLS_SOURCE") or "auto"
    if source not in SOURCES:
        raise ConfigurationError(
            f"SANDBOX_TOOLS_SOURCE is {source!r}", fix=f"set it to one of {', '.join(SOURCES)}, or unset it"
        )
    return source


def reports_version(program: Path, wanted: Tool) -> bool:
    """Whether a program says that it is the wanted version (and no other that merely begins like it)."""
    try:
        answer = subprocess.run(
            [str(program), *wanted.version_args],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    number = re.escape(wanted.version.removeprefix("v"))
    return bool(re.search(rf"(?<![\d.]){number}(?![\w.+-])", answer.stdout + answer.stderr))


def _present(wanted: Tool, platform: Platform) -> tuple[str, Path | None]:
    candidates = [("PATH", shutil.which(wanted.name))]
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        candidates.append(("KUBEBUILDER_ASSETS", str(Path(assets) / wanted.name)))
    for origin, candidate in candidates:
        # Whoever cannot say its version is taken from nowhere but the cache, where only what was made here is.
        said = bool(candidate) and bool(wanted.version_args) and is_program(Path(candidate or ""))
        if candidate and said and reports_version(Path(candidate), wanted):
            return origin, Path(candidate)
    cached = cached_path(wanted, platform)
    return ("cache", cached) if is_program(cached) else ("missing", None)


def _acquire(wanted: Tool, platform: Platform, source: str, downloader: Downloader, progress: Progress) -> Path:
    target = cached_path(wanted, platform)
    with exclusive(target, progress, what=f"{wanted.name} {wanted.version}"):
        if is_program(target):
            return target
        with workspace(target.parent) as directory:
            program = _fetch_or_build(wanted, platform, source, downloader, directory, progress)
            program.chmod(0o755)
            if wanted.version_args and not reports_version(program, wanted):
                raise SandboxError(
                    f"The {wanted.name} that was made does not say that it is {wanted.version}",
                    where=" ".join([program.name, *wanted.version_args]),
                    fix="check that this machine can run programs from its cache directory (noexec mounts cannot)",
                )
            install(program, target)
    return target


def _fetch_or_build(
    wanted: Tool, platform: Platform, source: str, downloader: Downloader, directory: Path, progress: Progress
) -> Path:
    if source == "build":
        return build(wanted, platform, directory, progress)
    try:
        return downloader.fetch(wanted, platform, directory, progress)
    except NotDownloadableError as reason:
        if source == "download":
            raise SandboxError(
                f"{wanted.name} {wanted.version} cannot be downloaded: {reason}",
                fix="set SANDBOX_TOOLS_SOURCE=auto to build it from source, or put it on PATH",
            ) from reason
        progress(f"no download of {wanted.name}: {reason}")
        return build(wanted, platform, directory, progress)


def _how(wanted: Tool, platform: Platform) -> str:
    ways = []
    if wanted.release and platform.os in wanted.release.systems:
        ways.append(f"download {wanted.release.url.format(os=platform.os, arch=platform.arch)}")
    ways.append(f"go build {wanted.package} (module sandbox/tools/{wanted.module})")
    return ", or ".join(ways)
