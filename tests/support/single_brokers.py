"""The single broker of the catalog, as tests declare it."""

from infra.components.streaming.single_broker import SingleBrokerArgs
from infra.core.catalog.catalog import Catalog
from infra.core.labels import Ownership
from infra.core.quantity import gibibytes


def single_broker_args(catalog: Catalog) -> SingleBrokerArgs:
    """What a local stack gives it."""
    return SingleBrokerArgs(
        image=catalog.images["kafka"],
        admin_image=catalog.images["kafka-admin"],
        ownership=Ownership(environment="local", owner="team", cost_centre="cc-1"),
        cpu=500,
        memory=gibibytes(1),
        storage=gibibytes(5),
    )
