"""Settings of a service: typed, bounded, read from the environment once, when the process starts."""

import difflib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from servicekit.logs import LogLevel
from servicekit.redact import MASK, is_secret_name, redact_text
from servicekit.setting_files import file_variables, read_setting_files

# Kubernetes puts these into every pod for every Service of the namespace; one of our own name would carry our prefix.
_SERVICE_LINK = re.compile(r"(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)$")


class SettingsError(Exception):
    """The environment does not hold valid settings; the message names each variable, its value, limit and fix."""

    exit_code = 2


class ServiceSettings(BaseSettings):
    """What every service is told; a service adds one nested model per backing service.

    Variables are ``<PREFIX><FIELD>``, and ``<PREFIX><BACKING SERVICE>_<FIELD>`` for nested models.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=False,
    )

    # Inside a container every interface is the pod's own; network policies decide who reaches it.
    listen_host: str = Field(default="0.0.0.0", min_length=1, description="Address to listen on.")  # noqa: S104
    listen_port: int = Field(default=8080, ge=0, le=65535, description="TCP port; 0 lets the system choose.")
    log_level: LogLevel = Field(default="info", description="Lowest level that is logged.")
    drain_seconds: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="Seconds to go on serving, while reporting not ready, after a stop was asked for.",
    )
    stop_seconds: int = Field(
        default=20, ge=1, le=120, description="Seconds that requests in flight get to end after the drain."
    )
    grace_seconds: int = Field(
        default=30,
        ge=2,
        le=300,
        description="The pod's terminationGracePeriodSeconds (Kubernetes' default is 30): the kill comes then.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Settings come from the environment only; what names a setting's file is no setting itself."""
        del dotenv_settings, file_secret_settings
        if isinstance(env_settings, EnvSettingsSource):
            files = file_variables(settings_cls, settings_cls.model_config.get("env_prefix", ""))
            kept = {name: value for name, value in env_settings.env_vars.items() if name.upper() not in files}
            env_settings.env_vars = kept
        return init_settings, env_settings

    @model_validator(mode="after")
    def _stop_must_end_before_the_kill(self) -> Self:
        if self.drain_seconds + self.stop_seconds >= self.grace_seconds:
            message = (
                f"drain_seconds ({self.drain_seconds:g}) + stop_seconds ({self.stop_seconds}) must be less than "
                f"grace_seconds ({self.grace_seconds}): lower them, or raise the pod's terminationGracePeriodSeconds "
                "and grace_seconds together"
            )
            raise ValueError(message)
        return self


S = TypeVar("S", bound=BaseSettings)


def load_settings(settings: type[S], environ: Mapping[str, str] | None = None) -> S:
    """Read settings from the process environment, and from the files that it names.

    Args:
        settings: the class to fill; its ``env_prefix`` names the service's variables, and nobody else's where it
            forbids extra ones.
        environ: environment searched for misspelt names; the process's own by default.

    Raises:
        SettingsError: a variable is missing, wrong or unknown.
    """
    prefix = settings.model_config.get("env_prefix", "")
    fields = {f"{prefix}{name}".upper(): field for name, field in _leaves(settings)}
    given = os.environ if environ is None else environ
    files = file_variables(settings, prefix)
    own = settings.model_config.get("extra") == "forbid"
    strangers = _strangers(prefix, {*fields, *files}, given) if own else []
    problems = [_unknown(name, fields) for name in strangers]
    from_files, unreadable = read_setting_files(files, given)
    problems += unreadable
    try:
        loaded = settings(**from_files)
    except ValidationError as error:
        problems += [_explain(prefix, details, fields) for details in error.errors()]
        loaded = None
    except UnreadableError as error:
        # A list or mapping is given as JSON; the library names the field, and never the value.
        problems.append(f"{prefix}...: {error}: it must be JSON")
        loaded = None
    if loaded is None or problems:
        raise SettingsError("\n".join(["the settings are not valid:", *(f"  {problem}" for problem in problems)]))
    return loaded


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _leaves(field.annotation, f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}", field


def _strangers(prefix: str, fields: Collection[str], environ: Mapping[str, str]) -> list[str]:
    return sorted(
        name
        for name in environ
        if prefix
        and name.upper().startswith(prefix.upper())
        and name.upper() not in fields
        and not _SERVICE_LINK.match(name.upper().removeprefix(prefix.upper()))
    )


def _unknown(name: str, fields: Mapping[str, FieldInfo]) -> str:
    close = difflib.get_close_matches(name.upper(), fields, n=1)
    fix = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(fields))}"
    return f"{name}: no such setting; {fix}"


def _explain(prefix: str, details: ErrorDetails, fields: Mapping[str, FieldInfo]) -> str:
    message = details["msg"].removeprefix("Value error, ")
    if not details["loc"]:
        return message
    path = "_".join(str(part) for part in details["loc"])
    variable = f"{prefix}{path}".upper()
    if details["type"] == "missing":
        wanted = [name for name in fields if name == variable or name.startswith(f"{variable}_")]
        required = [name for name in wanted if fields[name].is_required()]
        return "; ".join(f"{name}: not set; {_describe(fields[name])}" for name in required or [variable])
    field = fields.get(variable)
    return f"{variable} = {_shown(path, details['input'])}: {message}; {_describe(field) if field else ''}".rstrip("; ")


def _describe(field: FieldInfo) -> str:
    text = (field.description or "").rstrip(".")
    return f"{text}; for example {field.examples[0]!r}" if field.examples else text


def _shown(path: str, value: Any) -> str:
    return MASK if is_secret_name(path) else redact_text(repr(value))
