"""A certificate authority for one drill, and the certificate with which MySQL shows that it is RDS."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_CURVE = ec.SECP256R1()
_SIGNS = {"key_cert_sign": True, "crl_sign": True, "digital_signature": False}
_SERVES = {"key_cert_sign": False, "crl_sign": False, "digital_signature": True}
_NEVER = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only")


def make(folder: Path, names: list[str]) -> None:
    """Writes ca.pem, server.pem and server.key. The names are those of hosts; the loopback's address is added."""
    authority, servers = (ec.generate_private_key(_CURVE) for _ in range(2))
    hosts = [*map(x509.DNSName, names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    root = _draft("drill authority", authority, _SIGNS).add_extension(identifier, critical=False)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    leaf = _draft("drill database", servers, _SERVES).add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    leaf = leaf.add_extension(issuer, critical=False)
    for name, draft in (("ca.pem", root), ("server.pem", leaf)):
        signed = draft.sign(authority, hashes.SHA256())
        (folder / name).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key = servers.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.key").write_bytes(key)


def _draft(name: str, key: ec.EllipticCurvePrivateKey, uses: dict[str, bool]) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(**uses, **dict.fromkeys((*_NEVER, "decipher_only"), False))
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("drill authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(usage, critical=True)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
