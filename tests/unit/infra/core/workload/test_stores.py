import pytest
from pydantic import ValidationError

from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.workload.secret_key import SecretKey
from infra.core.workload.spec import Port, Probe, Probes
from infra.core.workload.store import Accounts, StoreArgs, store_spec

IMAGE = Image(repository="image", tag="1", user=999, group=999, source="test")
ARGS = StoreArgs(
    image=IMAGE,
    ownership=Ownership(environment="local", owner="platform", cost_centre="cc-1"),
    cpu=100,
    memory=1024**3,
    storage=2 * 1024**3,
    storage_class="fast",
)
PORT = {
    "ports": (Port(name="db", number=5432),),
    "probes": Probes(liveness=Probe(port="db"), readiness=Probe(port="db")),
    "serves": ("db",),
}


def test_a_store_is_one_pod_with_a_volume_that_may_take_four_times_its_cpu():
    spec = store_spec(ARGS, volume="/data", name="store", namespace="shop", component="features", **PORT)
    assert (spec.kind, spec.replicas.minimum, spec.replicas.maximum) == ("statefulset", 1, 1)
    assert (spec.resources.cpu_request, spec.resources.cpu_limit, spec.resources.memory) == (100, 400, 1024**3)
    assert spec.storage is not None
    assert (spec.storage.mount_path, spec.storage.size, spec.storage.storage_class) == ("/data", 2 * 1024**3, "fast")


def test_each_account_has_a_secret_and_a_variable_of_valid_names():
    accounts = Accounts(server="db", names=("feature-job", "model_training"), variables="DB_")
    assert accounts.environment() == {
        "DB_FEATURE_JOB_PASSWORD": SecretKey(secret="db-feature-job", key="password"),
        "DB_MODEL_TRAINING_PASSWORD": SecretKey(secret="db-model-training", key="password"),
    }


def test_a_server_without_accounts_is_refused():
    with pytest.raises(ValidationError, match="at least 1 item"):
        Accounts(server="db", names=())
