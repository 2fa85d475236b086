"""Runs queries in ClickHouse (chDB) in a process of its own, since one process has one user and one set of rights.

Arguments: the folder of the data and the configuration file. Standard input: a JSON list of queries. Standard output:
a JSON list with, for each, ``{"rows": [...]}`` or ``{"error": "..."}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from chdb import session


def main() -> None:
    folder, config = sys.argv[1:]
    clickhouse = session.Session(f"{folder}?config-file={config}")
    answers: list[dict[str, Any]] = []
    for query in json.load(sys.stdin):
        try:
            text = clickhouse.query(query, "JSONEachRow").bytes().decode()
        except RuntimeError as error:
            answers.append({"error": str(error)})
        else:
            answers.append({"rows": [json.loads(line) for line in text.splitlines()]})
    clickhouse.close()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
