from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.deploy.cloud.place import CloudPlace, cloud_place
from sandbox.errors import ConfigurationError
from sandbox.project import Project

AWS = {"accountId": "111122223333", "region": "eu-central-1"}


def read(folder: Path, stack: str = "prod", *, name: str = "shop", **settings: Any) -> CloudPlace | None:
    environment = settings.pop("environment", {})
    config = {f"{name}:{key}": value for key, value in settings.pop("config", {"aws": AWS}).items()}
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config, **settings}))
    return cloud_place(Project(folder, name, "infra"), stack, environment=environment)


def test_state_and_key_follow_from_project_stack_account_and_region(tmp_path: Path) -> None:
    place = read(tmp_path)
    assert place is not None
    assert place.backend_url == "s3://shop-prod-state-111122223333?region=eu-central-1"
    assert place.own_secrets_provider == "awskms://alias/shop-prod-state?region=eu-central-1"
    assert (place.cluster, place.zones, place.encrypted) == ("kubeconfig", (), False)


def test_zones_and_the_key_of_the_secrets_are_read(tmp_path: Path) -> None:
    config = {"aws": AWS, "cluster": {"kind": "eks"}, "eks": {"zones": ["a", "b"]}}
    provider = "awskms://alias/mine?region=eu-central-1"
    place = read(tmp_path, config=config, secretsprovider=provider, encryptedkey="abc")
    assert place is not None
    assert (place.cluster, place.zones, place.encrypted) == ("eks", ("a", "b"), True)
    assert place.secrets_provider == provider


def test_a_backend_in_the_environment_counts_more(tmp_path: Path) -> None:
    place = read(tmp_path, environment={"PULUMI_BACKEND_URL": "file:///state"})
    assert place is not None
    assert place.backend_url == "file:///state"


@pytest.mark.parametrize(("stack", "config"), [("local", {"aws": AWS}), ("prod", {"cluster": {"kind": "kubeconfig"}})])
def test_a_stack_on_this_machine_or_without_an_account_has_no_place_in_the_cloud(
    tmp_path: Path, stack: str, config: dict[str, Any]
) -> None:
    assert read(tmp_path, stack, config=config) is None


def test_an_account_id_without_twelve_digits_is_refused(tmp_path: Path) -> None:
    config = {"aws": {"accountId": 1234, "region": "eu-central-1"}}
    with pytest.raises(ConfigurationError, match=r"'1234' does not have twelve digits.*aws\.accountId"):
        read(tmp_path, config=config)


def test_a_state_bucket_whose_name_would_be_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="S3 takes at most 63"):
        read(tmp_path, name="a" * 50)


def test_a_key_in_another_region_than_the_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"in us-east-1, and the stack in eu-central-1.*secretsprovider"):
        read(tmp_path, secretsprovider="awskms://alias/mine?region=us-east-1")
