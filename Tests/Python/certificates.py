"""Makes certificates of every kind, good and bad, for the tests."""

import datetime
import ipaddress
import pathlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def _now():
    return datetime.datetime.now(datetime.timezone.utc)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as bytes in PEM form and as files."""

    certificate: bytes
    key: bytes
    certificate_path: pathlib.Path
    key_path: pathlib.Path


class Authority:
    """A certificate authority of its own."""

    def __init__(self, directory, name="Test Authority"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_now() - DAY)
            .not_valid_after(_now() + 10 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        self.path = self.directory / "ca.pem"
        self.path.write_bytes(self.pem)

    def issue(
        self, file, common_name="someone", *, dns=(), uris=(), addresses=(), start=-1, end=9
    ):
        """A certificate from `start` to `end`, in days from now, in `file`.pem and `file`.key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [
            *(x509.UniformResourceIdentifier(uri) for uri in uris),
            *(x509.DNSName(name) for name in dns),
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
        ]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_now() + start * DAY)
            .not_valid_after(_now() + end * DAY)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        paths = self.directory / f"{file}.pem", self.directory / f"{file}.key"
        for path, content in zip(paths, (certificate, private)):
            path.write_bytes(content)
        return Identity(certificate, private, *paths)

    def server(self, file="server", **options):
        """A certificate for 127.0.0.1 and localhost."""
        return self.issue(
            file, "localhost", dns=["localhost"], addresses=["127.0.0.1"], **options
        )
