"""What the training reaches, by real forests: no leak, the same for a seed, close to what is possible, and honest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from model_training.job import plan_of, run
from model_training.settings import ModelTrainingSettings
from model_training.splits import SplitPlan
from model_training.training import Trained, TrainingPlan, train
from pricemodel.forest import ModelError, load_model
from pricemodel.histories import known_histories
from pricemodel.history import History
from pricemodel.market import SYMBOLS, GeneratedMarket

from tests.support.price_models import small_model

pytestmark = pytest.mark.integration

SMALL = TrainingPlan(trees=20, split=SplitPlan(held_out_years=1, validation_years=1, folds=2))


@pytest.fixture(scope="module")
def trained() -> Trained:
    """The training as the job does it by default."""
    return train(known_histories(), plan_of(ModelTrainingSettings()))


def test_on_generated_prices_it_reaches_95_percent_of_the_optimal_predictor(trained: Trained):
    shares = [one.share_of_optimum for one in trained.report.symbols if one.share_of_optimum]
    assert len(shares) == len(SYMBOLS)
    assert np.mean([share.value for share in shares]) >= 0.95
    assert all(share.value >= 0.95 for share in shares)


def test_on_generated_prices_precision_is_over_85_and_recall_over_80_percent(trained: Trained):
    for one in trained.report.symbols:
        if one.share_of_optimum:
            assert one.model.precision.value > 0.85, one.symbol
            assert one.model.recall.value > 0.80, one.symbol
            assert one.model.balanced_accuracy.low > one.majority.balanced_accuracy.value
            assert one.price_error < one.price_error_of_persistence


def test_on_real_prices_the_report_claims_what_the_interval_allows_and_no_more(trained: Trained):
    wti = next(one for one in trained.report.symbols if one.symbol == "WTI")
    interval = wti.model.balanced_accuracy
    if interval.low <= 0.5 <= interval.high:
        assert "not distinguishable from a coin" in wti.verdict
    else:
        assert "than a coin" in wti.verdict
    page = trained.report.markdown()
    assert f"- {wti.verdict}" in page
    assert "| majority of the years learnt from |" in page
    assert "| last move goes on |" in page


def test_whatever_happens_in_the_held_out_years_the_forests_are_the_same():
    history = GeneratedMarket(3).history(1200)
    known = train({history.symbol: history}, SMALL)
    last = int(np.flatnonzero(history.days <= known.held_out[history.symbol].days[0])[-1])
    noise = np.exp(np.random.default_rng(0).normal(0, 0.2, len(history) - last))
    changed = History(
        history.symbol, history.days, np.concatenate([history.closes[:last], history.closes[last:] * noise])
    )
    other = train({history.symbol: changed}, SMALL)
    for name in ("direction", "size"):
        first = getattr(known.model.forests[history.symbol], name).model_to_string()
        assert first == getattr(other.model.forests[history.symbol], name).model_to_string()
    assert known.report != other.report


def test_a_seed_gives_the_same_files_and_another_gives_others(tmp_path: Path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        small_model(tmp_path / folder, seed=seed)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 5
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
        assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "c" / name).read_bytes(), name


def test_a_saved_model_answers_as_before_and_its_reasons_add_up(tmp_path: Path):
    model = small_model(tmp_path)
    again = load_model(tmp_path)
    again.self_test()
    symbols = [probe.symbol for probe in model.facts.probes]
    rows = np.array([probe.features for probe in model.facts.probes])
    prices = np.array([probe.price for probe in model.facts.probes])
    said = again.predict(symbols, rows, prices)
    assert said.prediction.tolist() == model.predict(symbols, rows, prices).prediction.tolist()
    contributions, base = again.explain(symbols, rows)
    assert contributions.sum(axis=1) + base == pytest.approx(said.probability_up, abs=1e-9)


def test_a_damaged_file_is_refused_before_lightgbm_could_end_the_process(tmp_path: Path):
    small_model(tmp_path)
    file = tmp_path / f"{SYMBOLS[-1]}.size.txt"
    file.write_text(file.read_text()[: file.stat().st_size // 2])
    with pytest.raises(ModelError, match=rf"{SYMBOLS[-1]}\.size\.txt: not the file that model\.json lists"):
        load_model(tmp_path)


def test_without_mlflow_the_job_writes_its_report_and_a_model_that_replaces_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    histories = {"SIM-PJM-WEST": GeneratedMarket(3).history(1200)}
    monkeypatch.setattr("model_training.job.read_histories", lambda _settings: histories)
    for seed in (1, 2):
        settings = ModelTrainingSettings(
            seed=seed, trees=20, held_out_years=1, validation_years=1, folds=2, output_dir=tmp_path / "out"
        )
        assert run(settings, lambda _text: None) is None
        model = load_model(tmp_path / "out" / "model")
        model.self_test()
        assert model.facts.seed == seed
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["model", "report.json", "report.md"]
