"""Settings as files: a variable ``<SETTING>_FILE`` names the file that holds the setting."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

SUFFIX = "_FILE"
MOST_BYTES = 64 * 1024
"""Longer than any password or token, and short enough for a wrong path to do no harm."""


def file_variables(model: type[BaseModel], prefix: str) -> dict[str, tuple[str, ...]]:
    """Path of the field that each such variable is about; there is one for every setting.

    A secret in a variable is seen by whoever may list a pod's environment, and every child process inherits it. What a
    cloud chooses, such as the host of a database, is known when the pod starts and not when it is declared. A variable
    that is a setting itself, such as ``<PREFIX>CA_FILE``, stays that setting.
    """
    fields = {f"{prefix}{'_'.join(path)}".upper(): path for path in _paths(model)}
    return {f"{name}{SUFFIX}": path for name, path in fields.items() if f"{name}{SUFFIX}" not in fields}


def read_setting_files(
    variables: Mapping[str, tuple[str, ...]], environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """The settings that are given as files, nested like their fields; and what is wrong with those that are not.

    One newline at the end of a file is not part of the setting: editors and shells add it.
    """
    found: dict[str, Any] = {}
    problems: list[str] = []
    given = {name.upper(): value for name, value in environ.items()}
    for variable, path in variables.items():
        if variable not in given:
            continue
        setting = variable.removesuffix(SUFFIX)
        if setting in given:
            problems.append(f"{variable}: {setting} is set as well; keep one of them")
            continue
        try:
            value = _read(Path(given[variable]))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            problems.append(f"{variable} = {given[variable]!r}: {reason}; name the file that holds {setting}")
            continue
        place = found
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return found, problems


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"longer than {MOST_BYTES} bytes")
    try:
        value = content.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    if not value:
        raise ValueError("empty")
    return value


def _paths(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from ((name, *rest) for rest in _paths(field.annotation))
        else:
            yield (name,)
