"""The `sandbox` command: reads its arguments, runs one command, and turns every failure into a sentence."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence

from sandbox.cli.console import Console
from sandbox.errors import SandboxError

_COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("deploy", "deploy a stack"),
    "preview": ("deploy", "show what up would do"),
    "down": ("deploy", "delete what a stack deployed, prove it, and stop the sandbox"),
    "rehearse": ("deploy", "deploy a stack of the cloud to a sandbox of its own"),
    "render": ("inspect", "write what a stack declares as files"),
    "drill": ("drill", "delete a tenant of a sandbox, restore it from a backup, and measure that"),
    "status": ("inspect", "say what runs"),
    "logs": ("logs", "print logs of the sandbox's parts and of pods that run"),
    "smoke": ("smoke", "send one price through the whole path of what is deployed"),
    "token": ("token", "print a token for the services that are deployed"),
    "tools": ("inspect", "say which tools are here"),
    "doctor": ("doctor", "say what is missing and how to get it"),
    "bootstrap": ("bootstrap", "make the state bucket and key of a stack of the cloud"),
    "teardown": ("teardown", "say in which order a stack is deleted, and what stays"),
}
"""Each command's module below sandbox.cli (imported only when it is called) and its summary."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="sandbox",
        description="Deploys the analytics platform on this machine: a real Kubernetes API, a served AWS API.",
        epilog="Exit codes: 0 done, 1 failed, 2 usage or configuration.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {name: commands.add_parser(name, help=text, description=text) for name, (_, text) in _COMMANDS.items()}
    for name, command in made.items():
        command.add_argument("--stack", default="local", help="the stack (default: local)")
        command.add_argument("--name", default="", help="the sandbox's name (default: the stack's)")
        command.add_argument("--json", action="store_true", help="print one JSON document as the result")
        if name in ("up", "preview", "down"):
            choices = ("auto", "pulumi", "embedded")
            command.add_argument("--engine", choices=choices, default="auto", help="auto: the Pulumi CLI where it is")
        if name in ("up", "down"):
            command.add_argument(
                "--no-host-processes", action="store_true", help="simulate all pods: none runs as a process"
            )
            command.add_argument("--yes", action="store_true", help="do not ask before a stack of the cloud is changed")
        if name in ("up", "preview"):
            command.add_argument("--refresh", action="store_true", help="look at every live resource first")
    made["preview"].add_argument(
        "--base", metavar="REF", help="compare with a git ref instead, offline, and print Markdown"
    )
    made["preview"].add_argument("--expect-no-changes", action="store_true", help="exit with 1 when there are changes")
    made["rehearse"].add_argument("--keep", action="store_true", help="leave the sandbox running")
    made["render"].add_argument("--out", required=True, metavar="DIR", help="the folder to write to")
    made["drill"].add_argument("--tenant", required=True, help="the tenant")
    made["drill"].add_argument(
        "--into", default="", metavar="NAMESPACE", help="restore into this new namespace and delete nothing"
    )
    made["status"].add_argument("--watch", action="store_true", help="say it again every two seconds")
    made["tools"].add_argument("--install", action="store_true", help="get the missing ones now")
    made["logs"].add_argument(
        "part", nargs="?", default="", metavar="NAME", help="a part, a pod or a workload (default: all parts)"
    )
    made["logs"].add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    made["logs"].add_argument("--previous", action="store_true", help="of the run before a container's last restart")
    made["logs"].add_argument("--lines", type=_count, default=50, help="lines of each log (default: 50)")
    made["token"].add_argument(
        "--role", action="append", type=_name, required=True, help="a role; several may be given"
    )
    made["token"].add_argument("--tenant", type=_name, required=True, help="the tenant")
    made["token"].add_argument("--subject", default="", help="who it is (default: ROLE@TENANT)")
    made["token"].add_argument("--ttl", type=int, default=3600, metavar="SECONDS", help="how long it is good for")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    console = Console(quiet=arguments.json)
    command = _load(arguments.command)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return command(arguments, console)
    except SandboxError as error:
        console.error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        console.error("interrupted; run the same command again: it takes up where this one stopped")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 0 or more")
    return int(text)


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _load(name: str) -> Callable[[argparse.Namespace, Console], int]:
    import importlib  # noqa: PLC0415 only the called command's module is imported

    module, _ = _COMMANDS[name]
    function: Callable[[argparse.Namespace, Console], int] = getattr(
        importlib.import_module(f"sandbox.cli.{module}"), name
    )
    return function


def _interrupt(number: int, frame: object) -> None:  # noqa: ARG001 a signal handler's signature
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
