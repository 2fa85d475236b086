from datetime import date
from decimal import Decimal

import pytest
from model_training import __main__ as command
from model_training.sources import SourceError, histories_of
from pricemodel.digest import digest
from pricemodel.history import History
from servicekit import program as programs

ROWS = [
    ("A", date(2024, 1, 1), Decimal("10.5")),
    ("A", date(2024, 1, 2), Decimal(11)),
    ("B", date(2024, 1, 1), Decimal(7)),
]


def test_rows_become_histories_by_symbol():
    histories = histories_of(ROWS, where="table")
    assert list(histories) == ["A", "B"]
    assert histories["A"].closes.tolist() == [10.5, 11.0]
    assert histories["A"].days.astype(str).tolist() == ["2024-01-01", "2024-01-02"]


def test_an_empty_table_says_which_job_fills_it():
    with pytest.raises(SourceError, match="table: the table is empty; run feature-job first"):
        histories_of([], where="table")


def test_a_price_that_is_none_is_told_with_its_day():
    with pytest.raises(SourceError, match=r"table: A: close of 2024-01-03 is -1\.0; it must be above 0; correct"):
        histories_of([*ROWS[:2], ("A", date(2024, 1, 3), Decimal(-1)), ROWS[2]], where="table")


def test_the_digest_follows_the_data_and_nothing_else():
    first, second = History.of("A", ["2024-01-01"], [1.0]), History.of("B", ["2024-01-01"], [2.0])
    assert digest({"A": first, "B": second}) == digest({"B": second, "A": first})
    assert digest({"A": first}) != digest({"A": History.of("A", ["2024-01-01"], [1.0000001])})
    assert digest({"A": first}) != digest({"A": History.of("A", ["2024-01-02"], [1.0])})
    assert digest({"A": first}) != digest({"B": first})


def test_wrong_settings_end_with_2_and_name_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MODEL_TRAINING_TREES", "5")
    monkeypatch.setenv("MODEL_TRAINING_MLFLOW_TRACKING_URI", "mlflow:5000")
    assert command.main([]) == 2
    told = capsys.readouterr().err
    assert "MODEL_TRAINING_TREES = '5': Input should be greater than or equal to 10" in told
    assert "MODEL_TRAINING_MLFLOW_TRACKING_URI = 'mlflow:5000': must be an address such as http://mlflow:5000" in told


def test_a_failure_ends_with_1_and_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def fail(*_arguments: object) -> None:
        raise SourceError("the table is empty")

    monkeypatch.setattr(command, "run", fail)
    monkeypatch.setattr(programs, "setup_logging", lambda **_settings: None)
    assert command.main([]) == 1
    assert capsys.readouterr().err == "model-training: the table is empty\n"
