"""What a workload may use of AWS, as typed grants. Each says in statements exactly what it needs, and nothing more.

Actions and the resources that each of them takes: Service Authorization Reference, one page for each service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from infra.core.iam.cluster_grants import GroupScaling, TargetRegistration
from infra.core.iam.place import AwsPlace, bucket_arn
from infra.core.iam.statement import Conditions, Statement, condition
from infra.core.models import Args

KeyArns = Mapping[str, str]
"""ARN of each key, and of each secret that AWS names, by the name under which grants refer to it."""

BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")]
Prefix = Annotated[str, Field(pattern=r"^([A-Za-z0-9_=.-]+/)+$", max_length=512)]
"""Ends with a slash, so that ``desk/`` never holds for ``desk-two/``; no wildcard and no policy variable."""

Access = Literal["list", "read", "write", "delete"]
OBJECT_ACTIONS: Mapping[Access, tuple[str, ...]] = {
    "read": ("s3:GetObject",),
    "write": ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"),
    "delete": ("s3:DeleteObject",),
}
LIST_ACTIONS = ("s3:ListBucket",)
KEY_ACTIONS: Mapping[Literal["decrypt", "encrypt"], tuple[str, ...]] = {
    "decrypt": ("kms:Decrypt",),
    # Services make a data key for each thing and decrypt it again: S3 when it joins the parts of an upload (Amazon S3
    # User Guide, "Multipart upload API and permissions"), SQS and SNS while they use one again.
    "encrypt": ("kms:Decrypt", "kms:GenerateDataKey"),
}
SERVICE_SECRETS = "secret:rds!db-*"
"""Secrets of the administrators of RDS's instances. The rest of their names is RDS's to choose."""

SERVICE_SECRET_TAG = "aws:ResourceTag/aws:rds:primaryDBInstanceArn"  # noqa: S105 - a condition key
"""Tag that RDS puts on such a secret, with the ARN of its instance, and that nobody else can put (AWS Managed Policy
Reference, AmazonRDSServiceRolePolicy, ``secretsmanager:TagResource``)."""

SECRET_ACTIONS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
LOGIN_ACTIONS = ("ecr:GetAuthorizationToken",)
SEND_ACTIONS = ("sqs:GetQueueUrl", "sqs:SendMessage")
RECEIVE_ACTIONS = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)
PUBLISH_ACTIONS = ("sns:Publish",)
LOG_ACTIONS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")

Key = Annotated[str, Field(min_length=1)]
Service = Literal["s3", "secretsmanager", "sns", "sqs"]
SERVICES: tuple[Service, ...] = ("s3", "secretsmanager", "sns", "sqs")
"""Services through which workloads use keys."""


class KeyUse(Args):
    """Use of a KMS key by a service on the workload's behalf; the workload cannot call KMS with it itself."""

    kind: Literal["key"] = "key"
    key: Key = Field(description="name of the key")
    via: Service = Field(description="service that uses it")
    use: Literal["decrypt", "encrypt"] = Field(description="encrypt includes what is needed to decrypt")

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:
        """One statement for the key, bound to the service by ``kms:ViaService``."""
        yield _key_statement(self.key, self.via, self.use, place, keys)


class BucketPrefix(Args):
    """Objects of a bucket under one prefix."""

    kind: Literal["bucket"] = "bucket"
    bucket: BucketName = Field(description="bucket's name")
    prefix: Prefix = Field(description="beginning of the objects' keys; ends with a slash")
    access: tuple[Access, ...] = Field(min_length=1, description="what may be done with them")
    key: Key | None = Field(default=None, description="name of the bucket's KMS key, if it is a customer's")
    sole: bool = Field(
        default=False,
        description="whether nobody else uses the bucket; then it may be listed whole, without which S3 does not tell "
        "an object that is missing from one that is refused (Amazon S3 API Reference, HeadObject)",
    )

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:
        """Listing bound to the prefix by ``s3:prefix``, objects by their ARN, the key by its encryption context.

        All who use a bucket with a bucket key share its key; what keeps them apart there is that S3 asks for the
        object's ARN first, and that the key answers to S3 only.
        """
        bucket, objects = bucket_arn(self.bucket), bucket_arn(self.bucket, f"{self.prefix}*")
        if "list" in self.access:
            own = () if self.sole else condition("StringLike", "s3:prefix", f"{self.prefix}*")
            yield Statement("List", LIST_ACTIONS, (bucket,), own)
        actions = [action for access in self.access for action in OBJECT_ACTIONS.get(access, ())]
        if actions:
            yield Statement("Objects", tuple(actions), (objects,))
        use: Literal["decrypt", "encrypt"] | None = (
            "encrypt" if "write" in self.access else "decrypt" if "read" in self.access else None
        )
        if self.key is not None and use is not None:
            # With a bucket key the context is the bucket's ARN, without one the object's (Amazon S3 User Guide,
            # "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys").
            context = condition("StringLike", "kms:EncryptionContext:aws:s3:arn", bucket, objects)
            yield _key_statement(self.key, "s3", use, place, keys, context)


class SecretRead(Args):
    """The value of one secret."""

    kind: Literal["secret"] = "secret"
    name: str = Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$", description="secret's name")
    key: Key | None = Field(default=None, description="name of the secret's KMS key, if it is a customer's")

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:
        """The secret alone: ARNs end in a dash and six random characters (AWS Secrets Manager User Guide)."""
        yield Statement("Secrets", SECRET_ACTIONS, (place.arn("secretsmanager", f"secret:{self.name}-??????"),))
        if self.key is not None:
            yield _key_statement(self.key, "secretsmanager", "decrypt", place, keys)


class ServiceSecretRead(Args):
    """The value of one secret that a service of AWS made for us under a name of its own."""

    kind: Literal["service-secret"] = "service-secret"
    secret: Key = Field(description="name under which the secret's ARN is given")
    key: Key = Field(description="name of the secret's KMS key")

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:
        """The secret alone, and its key for that secret alone.

        Secrets Manager names the secret in the encryption context (AWS Secrets Manager User Guide, "Secret encryption
        and decryption in AWS Secrets Manager").
        """
        arn = _arn(self.secret, keys)
        yield Statement("Secrets", SECRET_ACTIONS, (arn,))
        context = condition("StringEquals", "kms:EncryptionContext:SecretARN", arn)
        yield _key_statement(self.key, "secretsmanager", "decrypt", place, keys, context)


class ImagePull(Args):
    """The images of one ECR repository."""

    kind: Literal["image"] = "image"
    repository: str = Field(pattern=r"^[a-z0-9][a-z0-9/_.-]{1,255}$", description="repository's name")

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:  # noqa: ARG002 - one interface
        """The login token is the registry's and has no resource of its own; all else names the repository."""
        yield Statement("RegistryLogin", LOGIN_ACTIONS, ("*",))
        yield Statement("Images", PULL_ACTIONS, (place.arn("ecr", f"repository/{self.repository}"),))


class QueueUse(Args):
    """One SQS queue."""

    kind: Literal["queue"] = "queue"
    queue: str = Field(pattern=r"^[A-Za-z0-9_-]{1,75}(\.fifo)?$", description="queue's name")
    role: Literal["send", "receive"] = Field(description="which end of it")
    key: Key | None = Field(default=None, description="name of the queue's KMS key, if it is a customer's")

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:
        """One end of the queue: who sends cannot receive."""
        actions = SEND_ACTIONS if self.role == "send" else RECEIVE_ACTIONS
        yield Statement(
            "QueueSend" if self.role == "send" else "QueueReceive", actions, (place.arn("sqs", self.queue),)
        )
        if self.key is not None:
            yield _key_statement(self.key, "sqs", "encrypt" if self.role == "send" else "decrypt", place, keys)


class TopicPublish(Args):
    """Publishing to one SNS topic."""

    kind: Literal["topic"] = "topic"
    topic: str = Field(pattern=r"^[A-Za-z0-9_-]{1,251}(\.fifo)?$", description="topic's name")
    key: Key | None = Field(default=None, description="name of the topic's KMS key, if it is a customer's")

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:
        """Publishing, and the data key for what is published."""
        yield Statement("Publish", PUBLISH_ACTIONS, (place.arn("sns", self.topic),))
        if self.key is not None:
            yield _key_statement(self.key, "sns", "encrypt", place, keys)


class LogWrite(Args):
    """Log streams of one CloudWatch log group, which the workload neither makes nor deletes."""

    kind: Literal["log"] = "log"
    group: str = Field(pattern=r"^[A-Za-z0-9_/.#-]{1,512}$", description="log group's name")

    def statements(self, place: AwsPlace, keys: KeyArns) -> Iterator[Statement]:  # noqa: ARG002 - one interface
        """The group's streams. CloudWatch itself uses the group's key, by the key's policy."""
        group = place.arn("logs", f"log-group:{self.group}")
        yield Statement("Logs", LOG_ACTIONS, (group, f"{group}:log-stream:*"))


Grant = Annotated[
    BucketPrefix
    | GroupScaling
    | ImagePull
    | KeyUse
    | LogWrite
    | QueueUse
    | SecretRead
    | ServiceSecretRead
    | TargetRegistration
    | TopicPublish,
    Field(discriminator="kind"),
]
"""Anything of AWS that a workload may use."""


def references(grant: Grant) -> tuple[str, ...]:
    """Names under which a grant refers to ARNs that AWS chooses."""
    names = (getattr(grant, field, None) for field in ("key", "secret"))
    return tuple(name for name in names if name is not None)


def _arn(name: str, keys: KeyArns) -> str:
    if name not in keys:
        known = ", ".join(sorted(keys)) or "none"
        raise ValueError(f"a grant refers to {name!r}, whose ARN was not given; given: {known}")
    return keys[name]


def _key_statement(
    key: str,
    via: Service,
    use: Literal["decrypt", "encrypt"],
    place: AwsPlace,
    keys: KeyArns,
    context: Conditions = (),
) -> Statement:
    if key not in keys:
        known = ", ".join(sorted(keys)) or "none"
        raise ValueError(f"a grant refers to the KMS key {key!r}, whose ARN was not given; given: {known}")
    service = condition("StringEquals", "kms:ViaService", place.endpoint(via))
    return Statement("Key", KEY_ACTIONS[use], (keys[key],), (*service, *context))
