"""A CA, and the server certificates that it signs."""

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and its key, both in PEM."""

    pem: str
    key: str


class CertificateAuthority:
    """A CA that is valid for a day: a root, or one that another CA has signed."""

    def __init__(self, name: str, issuer: "CertificateAuthority | None" = None) -> None:
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        signer = issuer or self
        self.pem = _pem(signer._sign(self._name, self._key.public_key()))
        """The CA's own certificate."""
        self._chain: str = self.pem + issuer._chain if issuer else ""

    def issue(self, address: str, *, is_expired: bool = False) -> Certificate:
        """Sign a certificate for a server at an IP address; an intermediate CA's own follows it."""
        key = ec.generate_private_key(ec.SECP256R1())
        days = -1 if is_expired else 1
        signed = self._sign(_named("postgresql"), key.public_key(), address, days)
        key_text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Certificate(pem=_pem(signed) + self._chain, key=key_text.decode())

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, address: str = "", days: int = 1
    ) -> x509.Certificate:
        """Sign a certificate for a server at an address, or without one for a CA."""
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=2))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=not address, path_length=None), critical=True)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
