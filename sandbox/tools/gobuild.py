import os
import shutil
import subprocess
import time
from pathlib import Path

from sandbox.deathsignal import die_with_parent
from sandbox.errors import SandboxError
from sandbox.tools.cache import Progress, cache_root
from sandbox.tools.golang import find_go
from sandbox.tools.platforms import Platform
from sandbox.tools.registry import Tool

MODULES = Path(__file__).resolve().parent
REPORT_SECONDS = 10.0
# Go's module and build caches measured 1.2 GB and 3.8 GB after all tools were built; below this a build cannot end
# well, and the compiler's own message for it is hard to read.
MINIMUM_FREE_BYTES = 3 * 10**9


def build(tool: Tool, platform: Platform, directory: Path, progress: Progress) -> Path:
    """Build a tool from its pinned Go module and return the program's path.

    Args:
        tool: The tool.
        platform: The platform to build for.
        directory: Where to put the program.
        progress: Told what is built and for how long, every ten seconds.

    Raises:
        SandboxError: There is no Go, too little disk, no module proxy, or the build failed.
    """
    go = find_go(progress)
    _check_space(tool, directory)
    program = directory / tool.name
    command = [str(go), "build", "-p", "2", "-trimpath", "-buildvcs=false", "-mod=readonly"]
    command += ["-ldflags", tool.ldflags, "-o", str(program), tool.package]
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOOS": platform.os,
        "GOARCH": platform.arch,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    if go.is_relative_to(cache_root()):
        environment["GOROOT"] = str(go.parents[1])
    log = directory / "build.log"
    begin = time.monotonic()
    progress(f"building {tool.name} {tool.version} from source")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=MODULES / tool.module,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
        )
        try:
            _watch(process, tool, begin, progress)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode:
        raise _failure(tool, log)
    progress(f"built {tool.name} {tool.version} ({time.monotonic() - begin:.0f} s)")
    return program


def _watch(process: "subprocess.Popen[bytes]", tool: Tool, begin: float, progress: Progress) -> None:
    while True:
        try:
            process.wait(timeout=REPORT_SECONDS)
        except subprocess.TimeoutExpired:
            progress(f"building {tool.name} {tool.version} ({time.monotonic() - begin:.0f} s)")
        else:
            return


def _check_space(tool: Tool, directory: Path) -> None:
    places = {directory, Path.home()}
    for place in places:
        free = shutil.disk_usage(place).free if place.exists() else MINIMUM_FREE_BYTES
        if free < MINIMUM_FREE_BYTES:
            raise SandboxError(
                f"Building {tool.name} needs {MINIMUM_FREE_BYTES / 1e9:.0f} GB of free disk; "
                f"there are {free / 1e9:.1f} GB",
                where=str(place),
                fix="free some space, or set XDG_CACHE_HOME, GOPATH and GOCACHE to a larger disk",
            )


def _failure(tool: Tool, log: Path) -> SandboxError:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = " / ".join(line.strip() for line in lines[-4:]) or "no message"
    fix = "read the lines above; a build can be tried again at any time"
    text = "\n".join(lines).lower()
    if "no space left" in text:
        fix = "free some disk space, or set GOPATH and GOCACHE to a larger disk"
    elif any(sign in text for sign in ("dial tcp", "no such host", "i/o timeout", "connection refused")):
        fix = "let this machine reach the Go module proxy (GOPROXY), or put the tool on PATH"
    return SandboxError(
        f"The build of {tool.name} {tool.version} failed: {last}", where=f"sandbox/tools/{tool.module}", fix=fix
    )
