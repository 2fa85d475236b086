"""Who trains the price model, who serves it, and who asks it for each price."""

from __future__ import annotations

from infra.components.features import feature_services, postgresql
from infra.components.features.feature_services import postgres_settings
from infra.components.features.store_access import StoreAccess
from infra.components.serving import mlflow
from infra.components.streaming.access import NAMESPACE as KAFKA_NAMESPACE
from infra.components.streaming.access import KafkaAccess, kafka_settings, lag_scaling, password_of
from infra.core.names import service_host
from infra.core.token_check import TokenCheck
from infra.core.wiring import DatabaseLogin, Offer, Party, TableGrant
from infra.core.workload.route import Route
from infra.core.workload.service import PORT, ServiceArgs, job_spec, prefix, service_spec
from infra.core.workload.spec import Scratch, WorkloadSpec

NAMESPACE = "platform-serving"
TRAINING = "model-training"
SERVER = "model-server"
CONSUMER = "prediction-consumer"
READS = ("commodity-prices",)
BEHIND = 5_000
"""Prices that one replica may be behind: fewer than one process predicts in a second (README, measured)."""

ROUTE = Route(
    path="/ml/serve", upstream_path="/v1/models/commodity-price", requests_per_minute=600, methods=("GET", "POST")
)
READER = DatabaseLogin(
    role=postgresql.READERS[0],
    database=feature_services.DATABASE,
    grants=(TableGrant(schema_name="public", privileges=("SELECT",)),),
)


def consumer_namespace(kafka: KafkaAccess) -> str:
    """Where the consumer runs: beside Kafka where Kafka has an authority of its own.

    Strimzi publishes the authority's certificate in its own namespace only, and to carry it elsewhere somebody would
    have to read the Secrets there.
    """
    return KAFKA_NAMESPACE if kafka.ca_secret else NAMESPACE


def training_party() -> Party:
    """The pods of the training."""
    return Party.of_workload(TRAINING, NAMESPACE)


def model_training_spec(args: ServiceArgs, registry: Offer, tables: StoreAccess) -> WorkloadSpec:
    """The job that trains on the tables of features and registers what it made."""
    return job_spec(
        args,
        name=TRAINING,
        namespace=NAMESPACE,
        component="serving",
        environment={
            **postgres_settings(tables, READER.role),
            "MLFLOW_TRACKING_URI": mlflow.url(),
            "REVISION": args.image.tag,
        },
        secrets={"POSTGRES_PASSWORD": postgresql.ACCOUNTS.password(READER.role)},
        scratch=(Scratch(mount_path="/tmp", size=256 * 1024**2),),  # noqa: S108 - a directory of the pod's own
        shared_files=tables.files,
        uses=(registry, tables.use(READER)),
        time_limit_seconds=1800,
    )


def model_server_spec(args: ServiceArgs, tokens: TokenCheck, registry: Offer) -> WorkloadSpec:
    """The server of predictions."""
    return service_spec(
        args,
        name=SERVER,
        namespace=NAMESPACE,
        component="serving",
        route=ROUTE,
        slow_start=True,
        environment={"MLFLOW_TRACKING_URI": mlflow.url(), **tokens.settings()},
        secret_files=tokens.secret_files(),
        config_files=tokens.config_files(),
        scratch=(Scratch(mount_path="/tmp", size=256 * 1024**2),),  # noqa: S108 - likewise
        uses=(registry,),
    )


def prediction_consumer_spec(
    args: ServiceArgs, tokens: TokenCheck, kafka: KafkaAccess, features: Offer, model: Offer
) -> WorkloadSpec:
    """Prices in, predictions out."""
    features_url = f"http://{service_host(feature_services.SERVER, feature_services.NAMESPACE)}:{PORT}"
    environment = {
        **kafka_settings(kafka, CONSUMER),
        **tokens.settings(),
        **tokens.caller_settings(),
        "FEATURES_URL": features_url,
        "MODEL_URL": f"http://{service_host(SERVER, NAMESPACE)}:{PORT}",
    }
    return service_spec(
        args,
        name=CONSUMER,
        namespace=consumer_namespace(kafka),
        component="serving",
        autoscale=lag_scaling(kafka, CONSUMER, READS, BEHIND, args.replicas),
        environment=environment,
        pod_name_variable=f"{prefix(CONSUMER)}POD_NAME",
        secrets={"KAFKA_SASL_PASSWORD": password_of(CONSUMER)},
        secret_files=(*kafka.ca_files(), *tokens.secret_files()),
        tokens=tokens.caller_tokens(),
        config_files=tokens.config_files(),
        uses=(kafka.use(CONSUMER), features, model),
    )
