"""What the tokenization service does for whom: which tokens it makes, and for which role it turns them back."""

from __future__ import annotations

from typing import Any

from infra.core.data.access import DataCatalog
from infra.core.data.masks import TOKEN_PATTERN

PREFIX = "tok"


def token_kind(column_class: str) -> str:
    """Part of a token that says what it stands for: ``pii.email`` gives ``email``."""
    return column_class.removeprefix("pii.").replace("-", "").replace(".", "")


def tokenization(catalog: DataCatalog) -> dict[str, Any]:
    """Configuration of the service: per class who may ask for what, and which columns hold its values.

    A role that writes may have tokens made; only a role that sees the class clear anyway may have them turned back,
    which the service records each time.
    """
    return {
        "tokenPattern": TOKEN_PATTERN,
        "classes": {
            name: {
                "prefix": f"{PREFIX}_{token_kind(name)}_",
                "tokenize": [role_name for role_name, role in catalog.roles.items() if role.writes],
                "detokenize": [role_name for role_name, role in catalog.roles.items() if name in role.detokenizes],
                "audit": True,
                "columns": [
                    f"{dataset.zone}.{dataset_name}.{column.name}"
                    for dataset_name, dataset in catalog.datasets.items()
                    for column in dataset.columns
                    if column.class_ == name
                ],
            }
            for name, rules in catalog.classes.items()
            if rules.tokenized
        },
    }
