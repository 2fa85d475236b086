"""Real daily prices of West Texas Intermediate crude oil."""

from __future__ import annotations

import csv
import gzip
import importlib.util
from datetime import date
from functools import cache
from pathlib import Path

from pricemodel.history import History

WTI = "WTI"
CURRENCY = "USD"


class HistoryMissingError(Exception):
    """The data file of the history is not installed; the message says where it comes from."""


@cache
def wti_history() -> History:
    """Spot prices of WTI at Cushing from 2 January 1986 to 2019, USD per barrel, days without a price left out.

    Source: series DCOILWTICO of FRED (U.S. Energy Information Administration), as the `arch` wheel carries it in
    `arch/data/wti`. The wheel itself is not imported, since its import costs a second and pandas.

    Raises:
        HistoryMissingError: the `arch` wheel is not installed, or carries no such file.
    """
    with gzip.open(_data_file(), "rt", encoding="ascii", newline="") as file:
        rows = [(_day(row["Date"]), float(row["DCOILWTICO"])) for row in csv.DictReader(file) if _traded(row)]
    return History.of(WTI, [day for day, _ in rows], [close for _, close in rows])


def _data_file() -> Path:
    found = importlib.util.find_spec("arch")
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder) / "data" / "wti" / "wti.csv.gz"
        if path.is_file():
            return path
    raise HistoryMissingError(
        "the WTI history is not installed: it is arch/data/wti/wti.csv.gz of the package `arch`; install `arch`"
    )


def _traded(row: dict[str, str]) -> bool:
    """FRED writes a dot for a holiday."""
    return row["DCOILWTICO"] != "."


def _day(text: str) -> date:
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day))
