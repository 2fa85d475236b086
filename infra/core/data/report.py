"""What each role sees, as pages that a reviewer reads."""

from __future__ import annotations

from collections.abc import Iterator

from infra.core.data.access import DataCatalog, column_views, filtered, readers
from infra.core.data.masks import MASKS, TOKEN_PATTERN, Mask
from infra.core.data.retention import retention_jobs
from infra.core.markdown import table


def masks_report(catalog: DataCatalog) -> str:
    """Markdown: how each role sees each class, then each dataset's columns that not everybody sees clear."""
    return "\n".join([*_classes(catalog), *_datasets(catalog), *_tokens(catalog)]).rstrip() + "\n"


def retention_report(catalog: DataCatalog) -> str:
    """Markdown: how long each dataset keeps rows in each engine, and what removes them."""
    rows = [
        (job.dataset, job.engine, job.days, job.gone_after_days, job.mechanism, f"`{job.schedule}`")
        for job in retention_jobs(catalog)
    ]
    header = ("dataset", "engine", "days kept", "gone after (days)", "by", "schedule (UTC)")
    kept = [name for name, dataset in catalog.datasets.items() if dataset.retention_days is None]
    lines = ["## Retention", "", *table(header, rows), f"Kept for ever: {', '.join(kept) or 'nothing'}."]
    return "\n".join(lines) + "\n"


def _classes(catalog: DataCatalog) -> Iterator[str]:
    yield from ("## Classes and roles", "")
    header = ("class", "mask", "kept at most (days)", *catalog.roles)
    yield from table(
        header,
        (
            (
                name,
                _shape(MASKS[rules.mask]),
                rules.max_retention_days,
                *(role.treatment(name) for role in catalog.roles.values()),
            )
            for name, rules in catalog.classes.items()
        ),
    )
    rows = (
        (name, role.rows, "yes" if role.writes else "no", ", ".join(role.detokenizes) or "none", role.description)
        for name, role in catalog.roles.items()
    )
    yield from table(("role", "rows", "writes", "turns tokens back", "who"), rows)


def _shape(mask: Mask) -> str:
    return f"`{'x' * mask.first}{mask.text}{'x' * mask.last}`"


def _datasets(catalog: DataCatalog) -> Iterator[str]:
    yield from ("## Columns that not every role sees clear", "")
    for name, dataset in catalog.datasets.items():
        allowed = dict(readers(catalog, dataset))
        seen = {
            role_name: column_views(dataset, role) if role_name in allowed else ()
            for role_name, role in catalog.roles.items()
        }
        rows = []
        for i, column in enumerate(dataset.columns):
            treatments = [views[i].treatment if views else "no access" for views in seen.values()]
            if set(treatments) - {"clear"}:
                rows.append((column.name, column.class_, *treatments))
        if rows:
            by = [role_name for role_name, role in allowed.items() if filtered(dataset, role)]
            scope = f"{dataset.row_filter.scope} in `{dataset.row_filter.column}`" if dataset.row_filter else ""
            yield from (f"### `{dataset.zone}.{name}`", "")
            yield from table(("column", "class", *catalog.roles), rows)
            if by:
                yield from (f"Only rows of the reader's {scope}: {', '.join(by)}.", "")


def _tokens(catalog: DataCatalog) -> Iterator[str]:
    names = [name for name, rules in catalog.classes.items() if rules.tokenized]
    yield from ("## Tokens", "", f"Made of {', '.join(names)}; each has the form `{TOKEN_PATTERN}`.")
