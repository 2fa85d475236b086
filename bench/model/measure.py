"""Trains the model, serves it three ways, and measures each under the same stream of requests."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.model.load import Result, request, stream
from bench.report import line
from sandbox.control_plane.ports import free_port
from sandbox.deathsignal import die_with_parent

PER_SECOND = 200
SECONDS = 15
FEW = 20
"""A rate that MLflow's scorer holds too; at the full one its requests queue up."""

WARM_UP_SECONDS = 3
LIMITS = {50: 20.0, 95: 50.0, 99: 100.0}
"""Milliseconds by percentile: what the serving of the model promises."""

ISSUER, AUDIENCE, KEY = "https://identity.bench", "bench", b"a key of the benchmark, 32 bytes"
PREDICT = "/v1/models/commodity-price/predict"


def main() -> None:
    """Print the figures of each server beside the limits and the peers."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _train(root)
        inputs = _inputs()
        own = _model_server(root, inputs, (PER_SECOND, FEW))
        explained = _model_server(root, inputs[:5], (PER_SECOND / 4,), explain=True)
        echo = _echo(inputs, (PER_SECOND,))
        scorer = _scorer(root, inputs, (PER_SECOND, FEW))
    print(f"one input a request, one process each, {SECONDS} s; latency counts from the moment a request was due")
    _print("model-server", own, limits=True)
    _print("model-server, explained", explained, limits=True)
    _print("bare ASGI echo", echo, limits=False)
    _print("MLflow's scorer", scorer, limits=False)
    print(f"P50 of model-server at {PER_SECOND}/s: {_ratio(own, echo, PER_SECOND):.2f} x that of the bare ASGI echo")
    print(f"P50 of model-server at {FEW}/s: {_ratio(own, scorer, FEW):.2f} x that of MLflow's scorer")


def _print(name: str, results: Mapping[float, Result], *, limits: bool) -> None:
    for per_second, result in results.items():
        for percent, limit in LIMITS.items():
            value = result.percentile(percent)
            line(f"{name}, {per_second:g}/s, P{percent}", value, "ms", against="limit", limit=limit if limits else None)
        if result.failures:
            print(f"{name}: {result.failures} requests were not answered with 200")


def _ratio(own: Mapping[float, Result], peer: Mapping[float, Result], per_second: float) -> float:
    return own[per_second].percentile(50) / peer[per_second].percentile(50)


def _train(root: Path) -> None:
    environment = {
        **os.environ,
        "MODEL_TRAINING_OUTPUT_DIR": str(root / "trained"),
        "MODEL_TRAINING_LOG_LEVEL": "error",
    }
    subprocess.run([sys.executable, "-m", "model_training"], env=environment, cwd=root, check=True)


def _inputs() -> list[dict[str, Any]]:
    from pricemodel.features import stored_features  # noqa: PLC0415 - numpy, which other benchmarks need not wait for
    from pricemodel.histories import known_histories  # noqa: PLC0415

    return [
        {
            "symbol": symbol,
            "price": float(history.closes[-1]) * (1 + 0.001 * step),
            "features": stored_features(history),
        }
        for step in range(20)
        for symbol, history in known_histories().items()
    ]


def _model_server(
    root: Path, inputs: Sequence[Mapping[str, Any]], rates: Sequence[float], *, explain: bool = False
) -> dict[float, Result]:
    import jwt  # noqa: PLC0415 - as above
    from jwt.utils import base64url_encode  # noqa: PLC0415

    keys = root / "jwks.json"
    keys.write_text(json.dumps({"keys": [{"kty": "oct", "k": base64url_encode(KEY).decode(), "kid": "bench"}]}))
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "bench", "roles": ["service"], "tenants": ["platform"]}
    token = jwt.encode({**claims, "exp": int(time.time()) + 3600}, KEY, "HS256", {"kid": "bench"})
    port = free_port()
    settings = {
        "LISTEN_HOST": "127.0.0.1",
        "LISTEN_PORT": str(port),
        "LOG_LEVEL": "error",
        "MODEL_DIR": str(root / "trained" / "model"),
        "AUTH_ISSUER": ISSUER,
        "AUTH_AUDIENCE": AUDIENCE,
        "AUTH_ALGORITHMS": "HS256",
        "AUTH_JWKS_FILE": str(keys),
    }
    environment = {f"MODEL_SERVER_{name}": value for name, value in settings.items()}
    headers = [("Authorization", f"Bearer {token}")]
    requests = [request(PREDICT, json.dumps({"inputs": [one], "explain": explain}).encode(), headers) for one in inputs]
    with _running([sys.executable, "-m", "model_server"], environment, f"http://127.0.0.1:{port}/readyz"):
        return _measured(port, requests, rates)


def _echo(inputs: Sequence[Mapping[str, Any]], rates: Sequence[float]) -> dict[float, Result]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.model.echo:app", "--port", str(port), "--log-level", "warning"]
    requests = [request("/", json.dumps({"inputs": [one]}).encode()) for one in inputs]
    with _running(command, {}, f"http://127.0.0.1:{port}/", folder=Path(__file__).parents[2]):
        return _measured(port, requests, rates)


def _scorer(root: Path, inputs: Sequence[Mapping[str, Any]], rates: Sequence[float]) -> dict[float, Result]:
    """The application that `mlflow models serve` starts, in one process, on the same forests."""
    place = root / "pyfunc"
    _save(root / "trained" / "model", place)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "mlflow.pyfunc.scoring_server.app:app", "--port", str(port)]
    records = [{"symbol": one["symbol"], "price": one["price"], **one["features"]} for one in inputs]
    requests = [request("/invocations", json.dumps({"dataframe_records": [one]}).encode()) for one in records]
    environment = {"__pyfunc_model_path__": str(place), "MLFLOW_DISABLE_TELEMETRY": "true"}
    with _running([*command, "--log-level", "warning"], environment, f"http://127.0.0.1:{port}/ping"):
        return _measured(port, requests, rates)


def _save(model: Path, place: Path) -> None:
    import mlflow.pyfunc  # noqa: PLC0415 - seconds
    from mlflow.models.signature import ModelSignature  # noqa: PLC0415
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415
    from pricemodel.scorer import COLUMNS  # noqa: PLC0415

    columns = [ColSpec("string" if name == "symbol" else "double", name) for name in COLUMNS]
    found = importlib.util.find_spec("pricemodel")
    assert found is not None
    assert found.origin is not None
    mlflow.pyfunc.save_model(
        str(place),
        loader_module="pricemodel.scorer",
        data_path=str(model),
        code_paths=[str(Path(found.origin).parent)],
        signature=ModelSignature(inputs=Schema(columns)),
        pip_requirements=["lightgbm"],
    )


def _measured(port: int, requests: Sequence[bytes], rates: Sequence[float]) -> dict[float, Result]:
    """Results by rate, the smallest first: what a larger one leaves in the queue would be counted with the next."""
    results = {}
    for per_second in sorted(rates):
        asyncio.run(stream(port, requests, per_second=min(rates), seconds=WARM_UP_SECONDS))
        results[per_second] = asyncio.run(stream(port, requests, per_second=per_second, seconds=SECONDS))
    return results


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], address: str, folder: Path | None = None
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        cwd=folder,
        preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
    )
    try:
        deadline = time.monotonic() + 120
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} does not answer at {address}")
            time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - an address of this machine, made above
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
