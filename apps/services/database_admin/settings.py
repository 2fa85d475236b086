"""Settings of database-admin, from the variables ``DATABASE_ADMIN_...``."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict
from servicekit.postgres import PostgresAddress
from servicekit.settings import ServiceSettings

_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:[\w/+=.@!-]+")


class AdministeredPostgres(PostgresAddress):
    """The PostgreSQL to administer; as whom, the secret says."""

    host: str = Field(min_length=1, description="Host of PostgreSQL, which its certificate is for.", examples=["db"])
    database: str = Field(default="postgres", min_length=1, description="The database to connect to.")
    connect_seconds: int = Field(default=5, ge=1, le=300, description="How long connecting may take.")


class DatabaseAdminSettings(ServiceSettings):
    """What database-admin is told beyond what every service is; it is a job and listens to nothing."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_ADMIN_")

    secret_arn: str = Field(
        description="ARN of the secret of Secrets Manager with the administrator's `username` and `password`.",
        examples=["arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1234"],
    )
    region: str = Field(
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="Region of the secret.", examples=["eu-central-1"]
    )
    declaration_file: Path = Field(description="JSON file with the roles and databases that there are to be.")
    wait_seconds: float = Field(
        default=300.0, ge=0, le=3600, description="How long to wait for the secret and for PostgreSQL."
    )
    postgres: AdministeredPostgres = Field(description="The PostgreSQL to administer.")

    @field_validator("secret_arn")
    @classmethod
    def _must_be_the_name_of_a_secret(cls, value: str) -> str:
        if not _SECRET_ARN.fullmatch(value):
            raise ValueError("no ARN of a secret: arn:aws:secretsmanager:<region>:<account>:secret:<name>")
        return value

    @model_validator(mode="after")
    def _must_fit(self) -> Self:
        named = _SECRET_ARN.fullmatch(self.secret_arn)
        if named and named[1] != self.region:
            raise ValueError(f"region {self.region!r}: the secret of secret_arn is in {named[1]!r}; set that")
        files = {"declaration_file": self.declaration_file, "postgres_ca_file": self.postgres.ca_file}
        for name, file in files.items():
            if file and not file.is_file():
                raise ValueError(f"{name} {str(file)!r}: no such file; mount it there")
        return self
