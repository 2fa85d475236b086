"""The certificates with which clients know RDS's servers: each file is what its name says."""

import datetime as dt
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

FOLDER = Path(__file__).parents[4] / "infra/catalog/rds"
REGIONS = sorted(path.stem for path in FOLDER.glob("*.pem"))
KINDS = ["RSA2048", "RSA4096", "ECC384"]

every_region = pytest.mark.parametrize("region", REGIONS)


@cache
def authorities(region: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((FOLDER / f"{region}.pem").read_bytes())


def name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def kind(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    return f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'ECC'}{key.key_size}"


def test_regions_of_the_environments_are_among_them():
    assert len(REGIONS) == 27
    assert "us-east-1" in REGIONS


@every_region
def test_a_file_holds_the_three_roots_of_its_region_and_no_other(region: str):
    assert [name(each) for each in authorities(region)] == [f"Amazon RDS {region} Root CA {each} G1" for each in KINDS]
    assert [kind(each) for each in authorities(region)] == KINDS


@every_region
def test_each_is_an_authority_that_signed_itself_and_signs_certificates(region: str):
    for certificate in authorities(region):
        certificate.verify_directly_issued_by(certificate)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.ca) == (True, True)
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


@every_region
def test_each_is_valid_for_more_than_five_years(region: str):
    now = dt.datetime.now(dt.UTC)
    for certificate in authorities(region):
        assert certificate.not_valid_before_utc < now
        assert certificate.not_valid_after_utc > now + dt.timedelta(days=5 * 365)


def test_no_authority_is_in_two_files():
    every = [each.tbs_certificate_bytes for region in REGIONS for each in authorities(region)]
    assert len(set(every)) == len(every) == 3 * len(REGIONS)
