import datetime as dt
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.control_plane.pki import IDENTITIES, SERVICE_IP, VALID_DAYS, Pki

SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


def create_pki(pki: Pki) -> None:
    """Make a CA, a server certificate, a certificate for each client, and the service-account key (all P-256).

    Raises:
        OSError: A file cannot be written.
    """
    authority = _Authority()
    _write_certificate(pki.ca, authority.certificate)
    _write_key(pki.ca_key, authority.key)
    authority.issue(pki.server, pki.server_key, common_name="sandbox-server", server=True)
    for who in IDENTITIES:
        authority.issue(pki.client(who), pki.client_key(who), common_name=who.user, groups=who.groups)
    if not pki.service_accounts_key.is_file():  # tokens that are in use stay valid when certificates are renewed
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(pki.service_accounts_key, key)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _write(pki.service_accounts, public)
    _write(pki.directory / "expires", authority.expires.isoformat().encode("ascii"))


class _Authority:
    """A certificate authority that lives for one call."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.begins = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
        self.expires = self.begins + dt.timedelta(days=VALID_DAYS)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox-ca")])
        self.certificate = (
            self._builder(self.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(
        self,
        certificate: Path,
        key_file: Path,
        *,
        common_name: str,
        groups: tuple[str, ...] = (),
        server: bool = False,
    ) -> None:
        """Write a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if server else [])]
        request = (
            self._builder(x509.Name(subject), key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if server:
            addresses = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address(SERVICE_IP)]
            names = [x509.DNSName(name) for name in SERVER_NAMES]
            request = request.add_extension(
                x509.SubjectAlternativeName([*names, *(x509.IPAddress(address) for address in addresses)]),
                critical=False,
            )
        _write_certificate(certificate, request.sign(self.key, hashes.SHA256()))
        _write_key(key_file, key)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begins)
            .not_valid_after(self.expires)
        )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    _write(path, certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    _write(path, encoded)


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
