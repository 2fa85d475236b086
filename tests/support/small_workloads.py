"""A workload of one container that asks for a tenth of a core, of any kind."""

from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.quantity import gibibytes
from infra.core.workload.spec import Port, Probe, Probes, Resources, WorkloadSpec


def small_workload(kind: str, **fields: object) -> WorkloadSpec:
    """A valid workload of the tenant ``desk``; ``fields`` replaces or adds."""
    facts: dict[str, object] = {
        "name": "one",
        "namespace": "x",
        "component": "test",
        "kind": kind,
        "ownership": Ownership(environment="dev", owner="team", cost_centre="cc-1", tenant="desk"),
        "image": Image.model_validate({"repository": "r", "tag": "1", "user": 1, "group": 1, "source": "a test"}),
        "resources": Resources(cpu_request=100, cpu_limit=200, memory=gibibytes(1)),
    }
    if kind in ("deployment", "statefulset"):
        probe = Probe(port="web")
        facts |= {"ports": (Port(name="web", number=80),), "probes": Probes(liveness=probe, readiness=probe)}
    return WorkloadSpec(**(facts | fields))
