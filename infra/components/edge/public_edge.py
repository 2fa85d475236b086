"""What stands before the platform on the internet: CloudFront, its firewall, its certificate and its names."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_aws import cloudfront, route53, wafv2

from infra.components.edge.public_certificate import DomainCertificate
from infra.components.edge.public_layout import (
    ALL_VIEWER,
    CACHING_DISABLED,
    ORIGIN_HEADER,
    READ_SECONDS,
    TLS,
    PublicEdgeArgs,
    firewall_rules,
    security_headers,
    visibility,
)
from infra.components.edge.public_logs import EdgeLogs
from infra.core.component import PlatformComponent

ORIGIN = "platform"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
CACHED = ("GET", "HEAD")
ORIGIN_TLS: Any = {"http_port": 80, "https_port": 443, "origin_protocol_policy": "https-only"}
ORIGIN_VERSION = "TLSv1.2"


class PublicEdge(PlatformComponent):
    """CloudFront with a web ACL before one origin: TLS 1.2 and later only, no caching, WebSocket, logs of everything.

    All of it belongs to us-east-1, so the component wants a provider of that region. The origin is reached over TLS
    under ``origin.<domain>``, and told a token that nobody else knows.

    Args:
        name: name in the URN.
        args: names and limits.
        token: value of the header by which the origin knows CloudFront.
        balancer_arn: load balancer with private addresses, which CloudFront reaches inside its network; if None, the
            origin is reached over the internet, by its name.
        opts: options of the component.

    Attributes:
        url: where the platform is reached.
        distribution_id: id of the distribution.
    """

    DOMAIN = "edge"
    url: str
    distribution_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: PublicEdgeArgs,
        *,
        token: pulumi.Output[str],
        balancer_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        certificate = DomainCertificate(
            self.child("domain"), domain=args.domain, zone_id=args.zone_id, opts=self.child_options()
        )
        logs = EdgeLogs(self.child("logs"), args, opts=self.child_options())
        firewall = self._firewall(logs)
        headers = cloudfront.ResponseHeadersPolicy(
            self.child("headers"),
            name=args.name,
            comment=f"Headers of every answer of {args.domain}",
            security_headers_config=security_headers(),
            opts=self.child_options(),
        )
        distribution = cloudfront.Distribution(
            self.child("distribution"),
            comment=args.domain,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.price_class,
            aliases=[args.domain],
            web_acl_id=firewall.arn,
            origins=[self._origin(token, balancer_arn)],
            default_cache_behavior=self._behaviour(headers.id),
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={
                "acm_certificate_arn": certificate.arn,
                "ssl_support_method": "sni-only",
                "minimum_protocol_version": TLS,
            },
            logging_config={"bucket": logs.bucket_domain, "include_cookies": False, "prefix": "distribution/"},
            tags={"Name": args.domain},
            opts=self.child_options(after=logs.ready),
        )
        self._records(distribution)
        self.url, self.distribution_id = f"https://{args.domain}", distribution.id
        self.register_outputs({"url": self.url, "distributionId": self.distribution_id})

    def _firewall(self, logs: EdgeLogs) -> wafv2.WebAcl:
        args = self._args
        firewall = wafv2.WebAcl(
            self.child("firewall"),
            name=args.name,
            description=f"Before {args.domain}",
            scope="CLOUDFRONT",
            default_action={"allow": {}},
            rules=firewall_rules(args),
            visibility_config=visibility(args.name),
            tags={"Name": args.name},
            opts=self.child_options(),
        )
        wafv2.WebAclLoggingConfiguration(
            self.child("firewall-log"),
            resource_arn=firewall.arn,
            log_destination_configs=[logs.group_arn],
            redacted_fields=[{"single_header": {"name": header}} for header in ("authorization", "cookie")],
            opts=self.child_options(after=logs.ready),
        )
        return firewall

    def _origin(self, token: pulumi.Output[str], balancer_arn: pulumi.Input[str] | None) -> Any:
        """The name is the one that the origin's certificate has, and is not looked up inside the network."""
        patience = {"origin_read_timeout": READ_SECONDS, "origin_keepalive_timeout": READ_SECONDS}
        way: dict[str, Any] = (
            {"custom_origin_config": {**ORIGIN_TLS, "origin_ssl_protocols": [ORIGIN_VERSION], **patience}}
            if balancer_arn is None
            else {"vpc_origin_config": {"vpc_origin_id": self._inside(balancer_arn).id, **patience}}
        )
        header = {"name": ORIGIN_HEADER, "value": token}
        return {"origin_id": ORIGIN, "domain_name": self._args.origin, **way, "custom_headers": [header]}

    def _inside(self, balancer_arn: pulumi.Input[str]) -> cloudfront.VpcOrigin:
        return cloudfront.VpcOrigin(
            self.child("vpc-origin"),
            vpc_origin_endpoint_config={
                "name": self._args.name,
                "arn": balancer_arn,
                **ORIGIN_TLS,
                "origin_ssl_protocols": {"items": [ORIGIN_VERSION], "quantity": 1},
            },
            tags={"Name": self._args.name},
            opts=self.child_options(),
        )

    def _behaviour(self, headers: pulumi.Output[str]) -> Any:
        return {
            "target_origin_id": ORIGIN,
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": [*METHODS],
            "cached_methods": [*CACHED],
            "cache_policy_id": CACHING_DISABLED,
            "origin_request_policy_id": ALL_VIEWER,
            "response_headers_policy_id": headers,
            "compress": True,
        }

    def _records(self, distribution: cloudfront.Distribution) -> None:
        for kind in ("A", "AAAA"):
            route53.Record(
                self.child(f"record-{kind.lower()}"),
                zone_id=self._args.zone_id,
                name=self._args.domain,
                type=kind,
                aliases=[
                    {
                        "name": distribution.domain_name,
                        "zone_id": distribution.hosted_zone_id,
                        "evaluate_target_health": False,
                    }
                ],
                opts=self.child_options(),
            )
