"""The job from end to end: read, train, write, register."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from pricemodel.registry import CHAMPION, ModelRegistry, RegistryError
from servicekit.retry import Backoff

from model_training.registering import Outcome, register
from model_training.settings import ModelTrainingSettings
from model_training.sources import SourceError, read_histories
from model_training.splits import SplitPlan
from model_training.training import Trained, TrainingPlan, train

T = TypeVar("T")


def plan_of(settings: ModelTrainingSettings) -> TrainingPlan:
    """How to train, by the settings."""
    cuts = SplitPlan(settings.held_out_years, settings.validation_years, settings.embargo_days, settings.folds)
    return TrainingPlan(settings.seed, settings.trees, cuts)


def run(settings: ModelTrainingSettings, progress: Callable[[str], None]) -> Outcome | None:
    """Train, and register where there is an MLflow; running it again changes nothing more.

    Returns:
        What became of the model; None without MLflow.

    Raises:
        SourceError, HistoryMissingError: the histories cannot be read.
        TooLittleHistoryError, ValueError: a history is too short.
        RegistryError: MLflow does not answer, or refuses.
        OSError: the output folder cannot be written.
    """
    deadline = time.monotonic() + settings.wait_seconds
    registry = ModelRegistry(settings.mlflow) if settings.mlflow.tracking_uri else None
    if registry is not None:
        # Asked first: a wrong address should not cost a training.
        _patiently(lambda: registry.named(CHAMPION), deadline, progress)
    histories = _patiently(lambda: read_histories(settings), deadline, progress)
    progress("histories: " + ", ".join(f"{symbol} {len(one)} days" for symbol, one in sorted(histories.items())))
    plan = plan_of(settings)
    trained = train(histories, plan, progress=progress)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "price-model"
        trained.model.save(folder)
        if settings.output_dir is not None:
            _write(trained, folder, settings.output_dir)
        if registry is None:
            return None
        return register(
            trained,
            folder,
            registry,
            plan=plan,
            revision=settings.revision,
            tolerance=settings.tolerance,
            progress=progress,
        )


def _patiently(call: Callable[[], T], deadline: float, progress: Callable[[str], None]) -> T:
    """What ``call`` returns; in a new cluster others may need a minute before they answer."""
    for wait in Backoff(first=1.0, most=10.0).waits():
        try:
            return call()
        except (RegistryError, SourceError) as error:
            if time.monotonic() + wait > deadline:
                raise
            progress(f"waiting: {error}")
            time.sleep(wait)
    raise AssertionError("unreachable: the waits have no end")


def _write(trained: Trained, saved: Path, output: Path) -> None:
    """Write report and model; the model's folder appears whole, as a server may be reading the one before it."""
    output.mkdir(parents=True, exist_ok=True)
    (output / "report.json").write_text(json.dumps(trained.report.model_dump(mode="json"), indent=1) + "\n")
    (output / "report.md").write_text(trained.report.markdown())
    staged, place, old = output / ".model.new", output / "model", output / ".model.old"
    for left_over in (staged, old):
        shutil.rmtree(left_over, ignore_errors=True)
    shutil.copytree(saved, staged)
    if place.exists():
        place.rename(old)
    staged.rename(place)
    shutil.rmtree(old, ignore_errors=True)
