"""The chart catalog: operators, their exact versions and what they may use."""

from pydantic import Field

from infra.core.models import Document
from infra.core.quantity import Bytes, Compute, Millicores


class Footprint(Document):
    """What an operator may use at most: it sets the chart's values and is counted by quotas."""

    replicas: int = Field(ge=1, le=5, description="replicas at most")
    cpu: Millicores = Field(description="CPU request and limit of one replica")
    memory: Bytes = Field(description="memory request and limit of one replica")

    @property
    def total(self) -> Compute:
        """Requests of all replicas, and of one more while a rollout replaces them."""
        return Compute(self.cpu, self.memory) * (self.replicas + 1)


class Chart(Document):
    """One operator."""

    chart: str = Field(pattern=r"^(oci|https)://", description="where the chart is")
    version: str = Field(pattern=r"^v?[0-9]+\.[0-9]+\.[0-9]+$", description="exact version")
    source: str = Field(pattern=r"^https://", description="where version and values were read")
    crds: tuple[str, ...] = Field(description="files under infra/catalog/crds with the CRDs of this version")
    footprint: Footprint = Field(description="what it may use")


class ChartCatalog(Document):
    """charts.yaml."""

    charts: dict[str, Chart] = Field(description="chart by name")
