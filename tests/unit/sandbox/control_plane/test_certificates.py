import datetime as dt
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

from sandbox.control_plane.authority import ensure_pki
from sandbox.control_plane.pki import ADMIN, IDENTITIES, SCHEDULER, Pki
from sandbox.errors import SandboxError


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return ensure_pki(tmp_path_factory.mktemp("pki") / "pki")


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_certificate_is_signed_by_the_authority(pki: Pki):
    authority = load(pki.ca)
    for path in [pki.server, *(pki.client(who) for who in IDENTITIES)]:
        load(path).verify_directly_issued_by(authority)


def test_the_server_is_known_by_loopback_and_by_the_names_that_pods_use(pki: Pki):
    names = load(pki.server).extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(names, x509.SubjectAlternativeName)
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.96.0.1"]
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)


def test_the_administrator_is_a_master_and_the_scheduler_is_not(pki: Pki):
    def groups(path: Path) -> list[str]:
        return [str(part.value) for part in load(path).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]

    assert groups(pki.client(ADMIN)) == ["system:masters"]
    assert groups(pki.client(SCHEDULER)) == []


def test_no_client_certificate_can_serve(pki: Pki):
    for who in IDENTITIES:
        uses = load(pki.client(who)).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert x509.oid.ExtendedKeyUsageOID.SERVER_AUTH not in uses


def test_files_are_for_their_owner_alone(pki: Pki):
    assert stat.S_IMODE(pki.directory.stat().st_mode) == 0o700
    for path in pki.files():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_are_on_the_p256_curve(pki: Pki):
    key = load(pki.ca).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_a_second_call_changes_nothing(pki: Pki):
    before = {path: path.read_bytes() for path in pki.files()}
    ensure_pki(pki.directory)
    assert before == {path: path.read_bytes() for path in pki.files()}


def test_certificates_that_expire_soon_are_made_again_but_tokens_stay_valid(tmp_path: Path):
    pki = ensure_pki(tmp_path / "pki")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=29)
    (pki.directory / "expires").write_text(soon.isoformat())
    old_ca, old_key = pki.ca.read_bytes(), pki.service_accounts_key.read_bytes()
    ensure_pki(pki.directory)
    assert pki.ca.read_bytes() != old_ca
    assert pki.service_accounts_key.read_bytes() == old_key


@pytest.mark.parametrize("damage", ["missing", "empty", "no date"])
def test_damaged_files_are_made_again(tmp_path: Path, damage: str):
    pki = ensure_pki(tmp_path / "pki")
    if damage == "missing":
        pki.server_key.unlink()
    elif damage == "empty":
        pki.ca.write_bytes(b"")
    else:
        (pki.directory / "expires").write_text("whenever")
    ensure_pki(pki.directory)
    load(pki.server).verify_directly_issued_by(load(pki.ca))
    assert pki.server_key.stat().st_size


def test_a_directory_that_cannot_be_made_is_told_with_its_path(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="Cannot write the certificates") as caught:
        ensure_pki(tmp_path / "file" / "pki")
    assert str(tmp_path) in str(caught.value)
