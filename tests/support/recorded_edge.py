"""Inputs of the recorded types of the edge and of its watch, as the program would write them, and wrong ones."""

from typing import Any

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
FIREWALL = "aws:wafv2/webAcl:WebAcl"
VPC_ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
RECORD = "aws:route53/record:Record"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
WEB_ACL_ARN = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/x/1"

_METRICS = {"cloudwatchMetricsEnabled": True, "metricName": "m", "sampledRequestsEnabled": True}
_ORIGIN: dict[str, Any] = {
    "originId": "o",
    "domainName": "origin.example.com",
    "customOriginConfig": {
        "httpPort": 80,
        "httpsPort": 443,
        "originProtocolPolicy": "https-only",
        "originSslProtocols": ["TLSv1.2"],
    },
    "customHeaders": [{"name": "X-Token", "value": "t"}],
}
_BEHAVIOUR = {
    "targetOriginId": "o",
    "viewerProtocolPolicy": "redirect-to-https",
    "allowedMethods": ["GET", "HEAD"],
    "cachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "compress": True,
}
_RATE: dict[str, Any] = {
    "name": "rate",
    "priority": 0,
    "action": {"block": {}},
    "statement": {"rateBasedStatement": {"aggregateKeyType": "IP", "limit": 100, "evaluationWindowSec": 300}},
    "visibilityConfig": _METRICS,
}
_MANAGED = {
    "name": "AWSManagedRulesCommonRuleSet",
    "priority": 1,
    "overrideAction": {"none": {}},
    "statement": {
        "managedRuleGroupStatement": {
            "name": "AWSManagedRulesCommonRuleSet",
            "vendorName": "AWS",
            "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
        }
    },
    "visibilityConfig": _METRICS,
}

_INSIDE: dict[str, Any] = {
    "name": "gateway",
    "arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/edge/1",
    "httpPort": 80,
    "httpsPort": 443,
    "originProtocolPolicy": "https-only",
    "originSslProtocols": {"items": ["TLSv1.2"], "quantity": 1},
}

GOOD: dict[str, dict[str, Any]] = {
    VPC_ORIGIN: {"vpcOriginEndpointConfig": _INSIDE, "tags": {"a": "1"}},
    BALANCER: {
        "name": "edge",
        "internal": True,
        "loadBalancerType": "application",
        "ipAddressType": "ipv4",
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "accessLogs": {"bucket": "logs", "enabled": True},
        "enableDeletionProtection": True,
    },
    "aws:lb/targetGroup:TargetGroup": {
        "name": "pods",
        "vpcId": "vpc-1",
        "targetType": "ip",
        "ipAddressType": "ipv4",
        "port": 8443,
        "protocol": "HTTPS",
        "protocolVersion": "HTTP1",
        "deregistrationDelay": 45,
        "healthCheck": {"path": "/status/ready", "port": "8100"},
    },
    LISTENER: {
        "loadBalancerArn": _INSIDE["arn"],
        "port": 443,
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        "defaultActions": [{"type": "forward", "targetGroupArn": "arn:aws:elasticloadbalancing:x"}],
    },
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
        "securityGroupId": "sg-1",
        "referencedSecurityGroupId": "sg-2",
        "ipProtocol": "tcp",
        "fromPort": 8443,
        "toPort": 8443,
        "description": "to pods",
    },
    "aws:acm/certificate:Certificate": {
        "domainName": "example.com",
        "validationMethod": "DNS",
        "keyAlgorithm": "EC_prime256v1",
        "tags": {"a": "1"},
    },
    "aws:acm/certificateValidation:CertificateValidation": {
        "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        "validationRecordFqdns": ["_x.example.com"],
    },
    DISTRIBUTION: {
        "comment": "c",
        "enabled": True,
        "isIpv6Enabled": True,
        "httpVersion": "http2and3",
        "priceClass": "PriceClass_100",
        "aliases": ["example.com"],
        "webAclId": WEB_ACL_ARN,
        "origins": [_ORIGIN],
        "defaultCacheBehavior": _BEHAVIOUR,
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {
            "acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
            "sslSupportMethod": "sni-only",
            "minimumProtocolVersion": "TLSv1.2_2021",
        },
        "loggingConfig": {"bucket": "b.s3.amazonaws.com", "includeCookies": False, "prefix": "p/"},
        "tags": {"a": "1"},
    },
    HEADERS: {
        "name": "h",
        "comment": "c",
        "securityHeadersConfig": {
            "strictTransportSecurity": {"accessControlMaxAgeSec": 1, "includeSubdomains": True, "override": True},
            "contentTypeOptions": {"override": True},
            "frameOptions": {"frameOption": "DENY", "override": False},
        },
    },
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {"policyName": "p", "policyDocument": "{}"},
    RECORD: {
        "zoneId": "Z1",
        "name": "example.com",
        "type": "A",
        "aliases": [{"name": "d.cloudfront.net", "zoneId": "Z2", "evaluateTargetHealth": False}],
    },
    FIREWALL: {
        "name": "w",
        "scope": "CLOUDFRONT",
        "description": "Before example.com",
        "defaultAction": {"allow": {}},
        "rules": [_RATE, _MANAGED],
        "visibilityConfig": _METRICS,
        "tags": {"a": "1"},
    },
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
        "resourceArn": WEB_ACL_ARN,
        "logDestinationConfigs": ["arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-x"],
        "redactedFields": [{"singleHeader": {"name": "authorization"}}],
    },
}

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (
        VPC_ORIGIN,
        {"vpcOriginEndpointConfig": {**_INSIDE, "originSslProtocols": {"items": [12], "quantity": 1}}},
        "vpcOriginEndpointConfig.originSslProtocols.items[0]",
        "12 is not of type 'string'",
    ),
    (BALANCER, {"subnets": "subnet-1"}, "subnets", "is not of type 'array'"),
    (LISTENER, {"defaultActions": [{"targetGroupArn": "x"}]}, "defaultActions[0]", "'Type' is a required property"),
    (DISTRIBUTION, {"priceClass": "PriceClass_1"}, "priceClass", "is not one of"),
    (
        DISTRIBUTION,
        {
            "viewerCertificate": {
                "acmCertificateArn": "a",
                "sslSupportMethod": "sni-only",
                "minimumProtocolVersion": "TLS13",
            }
        },
        "viewerCertificate.minimumProtocolVersion",
        "'TLS13' is not one of",
    ),
    (
        DISTRIBUTION,
        {"origins": [{**_ORIGIN, "customHeaders": [{"name": "X"}]}]},
        "origins[0].customHeaders[0]",
        "'HeaderV",
    ),
    (FIREWALL, {"scope": "WORLD"}, "scope", "'WORLD' is not one of"),
    (
        FIREWALL,
        {"rules": [{**_RATE, "statement": {"rateBasedStatement": {"aggregateKeyType": "IP", "limit": 1}}}]},
        "rules[0].statement.rateBasedStatement.limit",
        "1 is less than the minimum of 10",
    ),
    (RECORD, {"aliases": [{"name": "d.cloudfront.net"}]}, "aliases[0]", "'HostedZoneId' is a required property"),
    (
        HEADERS,
        {"securityHeadersConfig": {"frameOptions": {"frameOption": "ANY", "override": True}}},
        "securityHeadersConfig.frameOptions.frameOption",
        "'ANY' does not match",
    ),
]
