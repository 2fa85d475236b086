"""Putting a model into MLflow: run, report, version and alias."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pricemodel
from pricemodel.forest import FACTS_FILE, ModelError, PriceModel
from pricemodel.registry import CHALLENGER, CHAMPION, DIGEST_TAG, ModelRegistry
from pricemodel.scorer import COLUMNS

from model_training.promotion import decide
from model_training.training import Trained, TrainingPlan

RUNTIME = ("lightgbm", "numpy", "pydantic", "scipy")
"""What the scorer of the model imports; versions are those that trained it."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a model.

    Attributes:
        version: its number in the registry.
        promoted: whether it is the champion now.
        reason: why, or why not.
    """

    version: str
    promoted: bool
    reason: str


def model_digest(folder: Path) -> str:
    """SHA-256 of a saved model: its facts name the digest of every other file."""
    return sha256((folder / FACTS_FILE).read_bytes()).hexdigest()


def register(
    trained: Trained,
    folder: Path,
    registry: ModelRegistry,
    *,
    plan: TrainingPlan,
    revision: str,
    tolerance: float,
    progress: Progress,
) -> Outcome:
    """Register a trained model, and make it the champion if it is not worse than the present one.

    Training again on equal data gives an equal model: then nothing is registered. A version that is not promoted gets
    the alias `challenger`, so that it can be tried beside the champion.

    Args:
        trained: the model and its report.
        folder: where the model was saved.
        registry: MLflow.
        plan: how it was trained.
        revision: Git revision of the program.
        tolerance: how much worse its Brier score may be.
        progress: told a line per step.

    Raises:
        RegistryError: MLflow does not answer, or refuses.
    """
    digest = model_digest(folder)
    present = registry.named(CHAMPION)
    if present is not None and present.digest == digest:
        return Outcome(present.version, promoted=True, reason="the champion is this very model")
    known = registry.named(CHALLENGER)
    if known is not None and known.digest == digest:
        version = known.version
        progress(f"version {version} is this very model")
    else:
        version = _log(trained, folder, registry, digest=digest, plan=plan, revision=revision)
        progress(f"registered version {version}")
    champion = None if present is None else _champion(registry, present.version, progress)
    decision = decide(trained.model, champion, trained.held_out, tolerance=tolerance)
    alias = CHAMPION if decision.promote else CHALLENGER
    with registry.told(f"alias {alias}"):
        registry.client.set_model_version_tag(registry.name, version, "decision", decision.reason)
        registry.client.set_registered_model_alias(registry.name, alias, version)
    return Outcome(version, decision.promote, decision.reason)


def _champion(registry: ModelRegistry, version: str, progress: Progress) -> PriceModel | None:
    with TemporaryDirectory() as folder:
        try:
            return registry.fetch(version, Path(folder))
        except ModelError as error:
            progress(f"the champion, version {version}, cannot be read: {error}")
            return None


def _log(
    trained: Trained, folder: Path, registry: ModelRegistry, *, digest: str, plan: TrainingPlan, revision: str
) -> str:
    with registry.told("logging the run"):
        import mlflow  # noqa: PLC0415 - it takes long, and reading the settings need not wait for it
        import mlflow.pyfunc  # noqa: PLC0415
        from mlflow.models.signature import ModelSignature  # noqa: PLC0415
        from mlflow.types import ColSpec, Schema  # noqa: PLC0415

        inputs = Schema([ColSpec("string" if name == "symbol" else "double", name) for name in COLUMNS])
        outputs = Schema(
            [
                ColSpec("string", "symbol"),
                ColSpec("double", "prediction"),
                ColSpec("long", "direction"),
                ColSpec("double", "confidence"),
            ]
        )
        mlflow.set_tracking_uri(registry.url)
        experiment = mlflow.set_experiment(registry.name)
        tags = {
            "mlflow.source.git.commit": revision,
            "training_data_sha256": trained.report.training_data_sha256,
            DIGEST_TAG: digest,
        }
        with mlflow.start_run(experiment_id=experiment.experiment_id, tags=tags) as run:
            mlflow.log_params(_parameters(plan))
            mlflow.log_metrics(trained.report.metrics())
            mlflow.log_text(json.dumps(trained.report.model_dump(mode="json"), indent=1), "report.json")
            mlflow.log_text(trained.report.markdown(), "report.md")
            logged = mlflow.pyfunc.log_model(
                name="model",
                loader_module="pricemodel.scorer",
                data_path=str(folder),
                code_paths=[str(Path(pricemodel.__file__).parent)],
                signature=ModelSignature(inputs=inputs, outputs=outputs),
                pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in RUNTIME],
            )
        _ensure(registry)
        made = registry.client.create_model_version(
            registry.name,
            logged.model_uri,
            run_id=run.info.run_id,
            model_id=logged.model_id,
            tags={**tags, "evaluated_on": "held-out years"},
        )
    return str(made.version)


def _ensure(registry: ModelRegistry) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - as above

    try:
        registry.client.create_registered_model(registry.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _parameters(plan: TrainingPlan) -> dict[str, int]:
    cuts = plan.split
    return {
        "seed": plan.seed,
        "trees": plan.trees,
        "held_out_years": cuts.held_out_years,
        "validation_years": cuts.validation_years,
        "embargo_days": cuts.embargo_days,
        "folds": cuts.folds,
    }
