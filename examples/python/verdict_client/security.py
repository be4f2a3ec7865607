"""TLS, as a client wants it."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

import grpc

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class TLS:
    """Whom a client believes, and what it shows; files in PEM form."""

    authorities: Path | None = None  # None: those that grpc ships with
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None  # in the server's certificate, if not the host of the address

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key go together")

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files."""

        def read(path: Path | None) -> bytes | None:
            return None if path is None else pathlib.Path(path).read_bytes()

        return grpc.ssl_channel_credentials(
            read(self.authorities), read(self.key), read(self.certificate)
        )
