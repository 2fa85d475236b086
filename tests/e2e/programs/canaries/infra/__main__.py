"""Puts secrets from the configuration and generated ones everywhere a program may put them."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pulumi_random as random
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Secret

config = pulumi.Config()
cluster = pulumi.ResourceOptions(provider=kubernetes.Provider("kubernetes"))
cloud = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
chance = pulumi.ResourceOptions(provider=random.Provider("random"))

space = Namespace("space", metadata={"name": "canaries"}, opts=cluster)
given = [config.require_secret(f"canary{number}") for number in range(10)]
made = [random.RandomPassword(f"made-{number}", length=24, opts=chance).result for number in range(10)]
for number, value in enumerate([*given, *made]):
    Secret(
        f"secret-{number}",
        metadata={"name": f"secret-{number}", "namespace": space.metadata["name"]},
        string_data={"value": value, "url": pulumi.Output.concat("postgresql://user:", value, "@host/db")},
        opts=cluster,
    )
ConfigMap(
    "careless",
    metadata={"name": "careless", "namespace": space.metadata["name"]},
    data={"derived": given[0].apply(lambda text: f"prefix {text} suffix")},
    opts=cluster,
)
kept = aws.secretsmanager.Secret("kept", name="canary", recovery_window_in_days=0, opts=cloud)
aws.secretsmanager.SecretVersion("version", secret_id=kept.id, secret_string=made[0], opts=cloud)
given[1].apply(lambda text: print(f"printed: {text}"))
given[2].apply(lambda text: pulumi.log.warn(f"logged: {text}"))
pulumi.export("all", pulumi.Output.all(*given, *made))
