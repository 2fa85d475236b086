from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule

_PUBLIC_MODES = ("off", "")


@rule(
    id="DATA-012",
    title="Require the decision point to know who asks, and to record what it decides",
    severity=Severity.CRITICAL,
    topics=("opa", "audit", "iam"),
    applies_to=EveryContainer(),
    mandatory_everywhere=True,
    rationale=(
        "Whoever may write to Open Policy Agent's API decides who sees what, and by default everybody who reaches its"
        " port may. Without a log of decisions nobody can say afterwards who was let in."
    ),
    remediation=(
        "Start the server with --authentication=token (or tls), --authorization=basic and a --config-file that turns on"
        " decision_logs."
    ),
)
def require_guarded_decisions(container: Container) -> Iterator[Violation]:
    """One violation for each of the three that a container which runs the server lacks."""
    command = [*container.node["command"].items(), *container.node["args"].items()]
    words = [word.text() or "" for word in command]
    if "run" not in words or not any(word in ("--server", "-s") or word.startswith("--server=") for word in words):
        return
    image = (container.node["image"].text() or "").partition("@")[0].rpartition("/")[2].partition(":")[0]
    if image != "opa":
        return
    path = container.node["args"].path
    authentication, authorization = _flag(words, "--authentication"), _flag(words, "--authorization")
    if authentication in _PUBLIC_MODES:
        yield Violation(path, f"{container.name} does not ask who calls it")
    if authorization in _PUBLIC_MODES:
        yield Violation(path, f"{container.name} lets every caller change what it decides")
    console = any("decision_logs.console=true" in word or "decision_logs.service=" in word for word in words)
    if not console and not (_flag(words, "--config-file") or _flag(words, "-c")):
        yield Violation(path, f"{container.name} records none of its decisions")


def _flag(words: list[str], name: str) -> str:
    for index, word in enumerate(words):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word == name:
            return words[index + 1] if index + 1 < len(words) else ""
    return ""
