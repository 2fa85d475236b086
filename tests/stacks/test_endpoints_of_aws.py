"""The endpoints through which AWS is called without leaving the network."""

import pytest

from tests.support.renders import rendered


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_names_of_s3_lead_to_an_endpoint_that_needs_no_other(stack: str):
    endpoints = {one.inputs["serviceName"].rpartition(".")[2]: one for one in rendered(stack).of_type("VpcEndpoint")}
    kinds = {one.inputs["vpcEndpointType"] for one in endpoints.values()}
    s3 = endpoints["s3"].inputs
    # An interface that answers to S3's own names takes its gateway for granted, unless it is told not to.
    if s3["vpcEndpointType"] == "Interface":
        assert "Gateway" not in kinds
        assert s3["privateDnsEnabled"] is True
        assert s3["dnsOptions"] == {"dnsRecordIpType": "ipv4", "privateDnsOnlyForInboundResolverEndpoint": False}
    assert [name for name, one in endpoints.items() if "dnsOptions" in one.inputs and name != "s3"] == []


def test_prod_reaches_s3_by_an_interface():
    kinds = [one.inputs["vpcEndpointType"] for one in rendered("prod").of_type("VpcEndpoint")]
    assert set(kinds) == {"Interface"}
