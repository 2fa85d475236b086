"""The packs on 1,000 rendered objects, against checkov and conftest on the same files, and as Pulumi asks them."""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import yaml
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc

from bench.peers import checkov, conftest
from bench.report import line
from policies.readers.paths import read_paths
from policies.runtime import PACKS, load_packs

START_LIMIT = 1.5
OBJECT_LIMIT = 1.0
ANALYZE_LIMIT = 5.0
_OBJECTS = 1000
_RESOURCES = 2000
_RUNS = 3
_HERE = Path(__file__).parent
_PACKS = _HERE.parent / "policies" / "packs"
_BIN = Path(sys.executable).parent


def main() -> None:
    """Print start, time an object, the ratios to the peers, and the time of one question over the wire."""
    with tempfile.TemporaryDirectory() as folder:
        rendered, many, one = (Path(folder) / name for name in ("rendered", "many", "one"))
        _run([str(_BIN / "sandbox"), "render", "--stack", "prod", "--out", str(rendered)])
        objects = _multiply(rendered / "kubernetes", many)
        _write(one, objects[:1])
        _compare(many, one)
        _analyze(many)


def _compare(many: Path, one: Path) -> None:
    programs = {"conftest": conftest(), "checkov": checkov()}
    ours = [str(_BIN / "policies"), "check", "--stack", "prod"]
    start = _taken([*ours, str(one)])
    whole = _taken([*ours, str(many)])
    rules = len(load_packs().rules)
    name = f"policies check: start ({rules} rules in {len(PACKS)} packs)"
    line(name, start.wall, "s", against="limit", limit=START_LIMIT)
    spent = (whole.wall - start.wall) * 1000 / (_OBJECTS - 1)
    line("policies check: then an object", spent, "ms", against="limit", limit=OBJECT_LIMIT)
    line(f"policies check: {_OBJECTS} objects", whole.wall, "s")
    rego = _HERE / "rego"
    peer = [str(programs["conftest"]), "test", "--no-color", "--policy", str(rego), str(many)]
    theirs = _taken(peer)
    written = len(set(re.findall(r"^# ([A-Z]+-[0-9]+)$", (rego / "pods.rego").read_text("utf-8"), re.MULTILINE)))
    line(f"conftest: the same files, {written} of these rules in Rego", theirs.wall, "s")
    _ratio("conftest", theirs, whole, rules / written)
    listed = _output([str(programs["checkov"]), "--list", "--framework", "kubernetes"])
    checks = len(set(re.findall(r"CKV2?_K8S_[0-9]+", listed)))
    # Nothing is fetched and nothing is sent; what it would fetch are links for its report.
    peer = [str(programs["checkov"]), "--directory", str(many), "--framework", "kubernetes", "--skip-download"]
    theirs = _taken([*peer, "--quiet", "--compact"])
    line(f"checkov: the same files, {checks} checks of its own", theirs.wall, "s")
    _ratio("checkov", theirs, whole, rules / checks)


def _ratio(peer: str, theirs: _Taken, ours: _Taken, more_rules: float) -> None:
    wall, processor = theirs.wall / ours.wall, theirs.processor / ours.processor
    print(
        f"  {wall:.1f} times the speed of {peer} in all, {wall * more_rules:.1f} times a rule;"
        f" {processor:.1f} times by processor time, which others on the machine change less",
        flush=True,
    )


def _analyze(folder: Path) -> None:
    resources = read_paths([str(folder)]).resources
    requests = []
    for number in range(_RESOURCES):
        item = resources[number % len(resources)]
        properties = struct_pb2.Struct()
        properties.update(item.props)
        urn = f"{item.urn}-{number}"
        requests.append(pb.AnalyzeRequest(type=item.type, urn=urn, name=item.name, properties=properties))
    heavy = max(requests, key=lambda request: request.ByteSize() if request.type.endswith(":Deployment") else 0)
    for pack in PACKS:
        with _serving(pack) as stub:
            each: list[float] = []
            for request in requests:
                begin = time.perf_counter()
                stub.Analyze(request)
                each.append((time.perf_counter() - begin) * 1000)
            begin = time.perf_counter()
            for _ in range(100):
                stub.Analyze(heavy)
            slow = (time.perf_counter() - begin) * 10
        name = f"analyzer {pack}: {_RESOURCES} resources, each"
        line(name, statistics.fmean(each), "ms", against="limit", limit=ANALYZE_LIMIT)
        line(f"analyzer {pack}: the largest Deployment", slow, "ms", against="limit", limit=ANALYZE_LIMIT)


@contextmanager
def _serving(pack: str) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    settings = {"PULUMI_PROJECT": "bench", "PULUMI_STACK": "prod", "PULUMI_DRY_RUN": "true"}
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, cwd=_PACKS / pack, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.kill()


def _multiply(source: Path, target: Path) -> list[dict[str, Any]]:
    """The objects of a stack, as often as it takes: each copy in namespaces of its own, so that names stay unique."""
    texts = [path.read_text("utf-8") for path in sorted(source.rglob("*.yaml"))]
    documents = [document for text in texts for document in yaml.load_all(text, Loader=yaml.CSafeLoader)]
    # Definitions are few and large in life; many copies of them would measure the YAML parser.
    kept = [document for document in documents if document and document["kind"] != "CustomResourceDefinition"]
    spaces = [document["metadata"]["name"] for document in kept if document["kind"] == "Namespace"]
    within = [it for it in kept if it["kind"] == "Namespace" or "namespace" in it["metadata"]]
    found = [it for it in kept if it not in within]
    names = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in spaces))
    copy = 0
    while len(found) < _OBJECTS:
        copied = names.sub(rf"\g<0>-{copy}", json.dumps(within))
        found += json.loads(copied)
        copy += 1
    _write(target, found[:_OBJECTS])
    return found[:_OBJECTS]


def _write(folder: Path, documents: list[dict[str, Any]]) -> None:
    folder.mkdir()
    for number, document in enumerate(documents):
        text = yaml.dump(document, Dumper=yaml.CSafeDumper)
        (folder / f"{number:04}.yaml").write_text(text, "utf-8")


class _Taken(NamedTuple):
    """The seconds that a command took: on the clock, and of the processor."""

    wall: float
    processor: float


def _taken(command: list[str]) -> _Taken:
    taken: list[_Taken] = []
    for _ in range(_RUNS):
        begin, before = time.perf_counter(), _of_children()
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        taken.append(_Taken(time.perf_counter() - begin, _of_children() - before))
        # Both programs and ours say 1 when they find something.
        if answer.returncode not in {0, 1}:
            raise RuntimeError(f"{command[0]} ended with {answer.returncode}: {answer.stderr[-2000:]}")
    return _Taken(*(statistics.median(values) for values in zip(*taken, strict=True)))


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _run(command: list[str]) -> None:
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {answer.returncode}: {answer.stderr[-2000:]}")
