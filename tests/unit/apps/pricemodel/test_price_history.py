import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from pricemodel import wti_history as module
from pricemodel.history import History
from pricemodel.wti_history import HistoryMissingError, wti_history


def test_the_history_of_wti_has_the_prices_that_fred_published():
    history = wti_history()
    known = dict(zip(history.days.astype(str).tolist(), history.closes.tolist(), strict=True))
    assert known["1986-01-02"] == 25.56
    assert known["2008-07-03"] == 145.31
    assert known["2019-01-03"] == 46.92
    assert "2019-01-01" not in known, "a holiday has no price"
    assert len(history) == 8321


def test_reading_the_history_imports_neither_arch_nor_pandas():
    wti_history()
    assert not {"arch", "arch.data"} & set(sys.modules)


def test_without_the_wheel_the_history_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(HistoryMissingError, match="install `arch`"):
        module._data_file()


def test_a_wheel_without_the_file_is_told_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    empty = importlib.util.spec_from_loader("arch", loader=None, is_package=True)
    assert empty
    empty.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: empty)
    with pytest.raises(HistoryMissingError, match=r"arch/data/wti/wti\.csv\.gz"):
        module._data_file()


def test_days_that_go_backwards_are_named():
    with pytest.raises(ValueError, match="X: day 2024-01-02 does not come after the one before it"):
        History.of("X", ["2024-01-01", "2024-01-02", "2024-01-02"], [1, 2, 3])


@pytest.mark.parametrize("close", [0.0, -37.63, float("nan"), float("inf")])
def test_a_close_that_is_no_price_is_named_with_its_day(close: float):
    with pytest.raises(ValueError, match=r"X: close of 2024-01-02 is .*; it must be above 0"):
        History.of("X", ["2024-01-01", "2024-01-02"], [1, close])


def test_days_and_closes_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="must be of one length"):
        History("X", np.array(["2024-01-01"], dtype="datetime64[D]"), np.array([1.0, 2.0]))


def test_the_first_and_the_last_days_of_a_history_can_be_taken():
    history = History.of("X", ["2024-01-01", "2024-01-02", "2024-01-03"], [1, 2, 3])
    assert history.upto(2).closes.tolist() == [1, 2]
    assert history.last(2).closes.tolist() == [2, 3]
    assert history.last(9).closes.tolist() == [1, 2, 3]
