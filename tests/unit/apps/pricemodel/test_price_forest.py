"""The model without LightGBM: what it makes of what its forests say, and what it refuses before they are read."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pricemodel.features import FEATURE_NAMES
from pricemodel.forest import ModelError, PriceModel, load_model
from pricemodel.native import LibraryMissingError, lightgbm
from pricemodel.registry import ModelRegistry, RegistrySettings
from pydantic import ValidationError

from tests.support.price_models import SYMBOLS, fake_model

ROW = np.zeros((1, len(FEATURE_NAMES)))


@pytest.mark.parametrize(("up", "direction", "confidence"), [(0.7, 1, 0.7), (0.2, -1, 0.8), (0.5, -1, 0.5)])
def test_the_price_moves_in_the_direction_and_the_confidence_is_its_probability(
    up: float, direction: int, confidence: float
):
    said = fake_model(up, size=0.1).predict([SYMBOLS[0]], ROW, np.array([100.0]))
    assert said.direction.tolist() == [direction]
    assert said.confidence.tolist() == pytest.approx([confidence])
    assert said.prediction[0] == pytest.approx(100 * np.exp((2 * up - 1) * 0.1))
    assert np.sign(said.prediction[0] - 100.0) in {direction, 0}


def test_an_unknown_symbol_is_told_with_those_that_are_known():
    with pytest.raises(ModelError, match="symbol OTHER is not one of the model's: SIM-NYISO-J, SIM-PJM-WEST"):
        fake_model().predict(["OTHER"], ROW, np.array([1.0]))


def test_a_model_that_answers_otherwise_than_at_training_fails_its_self_test():
    fake_model(0.7).self_test()
    with pytest.raises(ModelError, match="self-test of SIM-NYISO-J: probability and price are"):
        fake_model(0.7, probed_up=0.70001).self_test()


def test_a_model_of_other_features_or_without_probes_fails_its_self_test():
    model = fake_model()
    other = PriceModel(model.facts.model_copy(update={"feature_names": (*FEATURE_NAMES[1:], "old")}), model.forests)
    with pytest.raises(ModelError, match=r"other features than this version makes: \['move_1', 'old'\]; train it"):
        other.self_test()
    silent = PriceModel(model.facts.model_copy(update={"probes": model.facts.probes[:1]}), model.forests)
    with pytest.raises(ModelError, match="carries no probe of SIM-PJM-WEST"):
        silent.self_test()


def facts(**changed: object) -> str:
    return json.dumps(json.loads(fake_model().facts.model_dump_json()) | changed)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file or directory; a model folder holds model.json"),
        ("{", "not JSON"),
        (facts(format=2), "format is 2; this version reads 1: train it again"),
        (facts(symbols=[]), "symbols: Tuple should have at least 1 item"),
        (facts(more=1), "more: Extra inputs are not permitted"),
        (facts(), "SIM-NYISO-J.direction.txt: No such file or directory"),
    ],
)
def test_a_folder_that_holds_no_model_is_told_with_the_file_and_the_reason(tmp_path: Path, text: str | None, told: str):
    if text is not None:
        (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path)
    assert told in str(caught.value)


def test_a_file_that_is_not_the_one_listed_is_never_given_to_lightgbm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pricemodel.forest.lightgbm", lambda: pytest.fail("it was read"))
    (tmp_path / "model.json").write_text(facts(files={"SIM-NYISO-J.direction.txt": "0" * 64}))
    (tmp_path / "SIM-NYISO-J.direction.txt").write_text("tree\n")
    with pytest.raises(ModelError, match=r"not the file that model\.json lists: damaged, or of another model"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("libgomp.so.1: cannot open shared object file"), "libgomp.so.1.*install libgomp1"),
        (ImportError("No module named 'lightgbm'"), "install the package `lightgbm`"),
    ],
)
def test_a_missing_library_is_told_with_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
):
    def fail(_name: str) -> ModuleType:
        raise error

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(LibraryMissingError, match=told):
        lightgbm()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tracking_uri": "mlflow:5000"}, "must be an address such as http://mlflow:5000"),
        ({"tracking_uri": "ftp://mlflow"}, "must be an address"),
        ({"tracking_uri": "http://me:secret@mlflow:5000"}, "must not hold the user or the password"),
        ({"tracking_uri": "http://mlflow:5000", "username": "me"}, "username and password are given together"),
    ],
)
def test_settings_of_the_registry_that_cannot_be_are_refused(given: dict[str, str], told: str):
    with pytest.raises(ValidationError, match=told):
        RegistrySettings.model_validate(given)


def test_a_registry_needs_an_address():
    with pytest.raises(ValueError, match="MLflow's address is not set"):
        ModelRegistry(RegistrySettings())
