"""What the load balancer before the cluster needs to be CloudFront's origin."""

from __future__ import annotations

import pulumi
from pulumi_aws import route53

from infra.components.edge.public_certificate import RECORD_SECONDS, DomainCertificate
from infra.components.edge.public_layout import PublicOriginArgs, origin_host, token_content
from infra.components.foundation.kept_secret import kept_secret
from infra.core.component import PlatformComponent
from infra.core.generated_secrets import generated_password

TOKEN_LENGTH = 48
"""Letters and digits: 285 bits, and nothing that a header would have to quote."""


class PublicOrigin(PlatformComponent):
    """A certificate for ``origin.<domain>`` in the cluster's region, its record, and the token in Secrets Manager.

    The load balancer presents the certificate on port 443. Where the configuration names the host of one that somebody
    else keeps, the record leads there; the program's own has no name on the internet and needs no record.

    Args:
        name: name in the URN.
        args: names.
        key_arn: key that encrypts the token.
        opts: options of the component.

    Attributes:
        certificate_arn: certificate that the load balancer's listener presents to CloudFront.
        token: value of the header; whoever terminates requests refuses those without it.
    """

    DOMAIN = "edge"
    certificate_arn: pulumi.Output[str]
    token: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: PublicOriginArgs,
        *,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        certificate = DomainCertificate(
            self.child("domain"), domain=origin_host(args.domain), zone_id=args.zone_id, opts=self.child_options()
        )
        token = generated_password(self, "token", TOKEN_LENGTH)
        kept_secret(
            self,
            "token-aws",
            token.apply(token_content),
            name=args.secret,
            description=f"What CloudFront tells the origin of {args.domain}",
            key_arn=key_arn,
            recovery_days=args.recovery_days,
        )
        if args.target is not None:
            route53.Record(
                self.child("record"),
                zone_id=args.zone_id,
                name=origin_host(args.domain),
                type="CNAME",
                records=[args.target],
                ttl=RECORD_SECONDS,
                opts=self.child_options(),
            )
        self.certificate_arn, self.token = certificate.arn, token
        self.register_outputs({"certificateArn": self.certificate_arn})
