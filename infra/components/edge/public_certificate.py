"""A certificate of AWS's authority that renews itself, since its domain proves itself by records in its zone."""

from __future__ import annotations

import pulumi
from pulumi_aws import acm, route53

from infra.core.component import PlatformComponent

RECORD_SECONDS = 300


class DomainCertificate(PlatformComponent):
    """A certificate for one host name, the record that proves the name, and the wait until AWS has seen it.

    Args:
        name: name in the URN.
        domain: host name.
        zone_id: id of the hosted zone that the name is in.
        opts: options of the component; its AWS provider decides the region.

    Attributes:
        arn: ARN of the certificate, known once it is valid.
    """

    DOMAIN = "edge"
    arn: pulumi.Output[str]

    def __init__(self, name: str, *, domain: str, zone_id: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        certificate = acm.Certificate(
            self.child("certificate"),
            domain_name=domain,
            validation_method="DNS",
            key_algorithm="EC_prime256v1",
            tags={"Name": domain},
            opts=self.child_options(),
        )
        # One name, so one proof.
        proof = certificate.domain_validation_options[0]
        record = route53.Record(
            self.child("proof"),
            zone_id=zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=RECORD_SECONDS,
            opts=self.child_options(),
        )
        valid = acm.CertificateValidation(
            self.child("valid"),
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=self.child_options(),
        )
        self.arn = valid.certificate_arn
        self.register_outputs({"arn": self.arn})
