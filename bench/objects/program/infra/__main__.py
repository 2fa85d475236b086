"""1,000 ConfigMaps of about 1 kB in 100 components."""

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace

COMPONENTS = 100
EACH = 10


class Group(pulumi.ComponentResource):
    """Ten objects."""

    def __init__(self, name: str, namespace: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("bench:index:Group", name, None, opts)
        for index in range(EACH):
            ConfigMap(
                f"{name}-{index}",
                metadata={"name": f"{name}-{index}", "namespace": namespace},
                data={f"key-{line}": "value " * 16 for line in range(10)},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


provider = Provider("kubernetes")
space = Namespace("space", metadata={"name": "bench"}, opts=pulumi.ResourceOptions(provider=provider))
for number in range(COMPONENTS):
    Group(
        f"group-{number}",
        "bench",
        pulumi.ResourceOptions(providers={"kubernetes": provider}, depends_on=[space]),
    )
