"""TLS in front of a server that has none, and certificates made for the occasion."""

from __future__ import annotations

import asyncio
import ssl
import struct
import subprocess
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.probes.fake_server import LOOPBACK, SSL_REQUEST, read_startup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    certificate: Path
    key: Path


class Authority:
    """Issue certificates with the `openssl` program; needs a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._serial = 0
        self.root = self._key("root")
        self._openssl(
            *("req", "-x509", "-new", "-key", str(self.root.key), "-subj", "/CN=test authority", "-days", "2"),
            *("-out", str(self.root.certificate)),
        )

    def issue(self, name: str, *, days: int = 2) -> Certificate:
        """Issue a certificate for a DNS name; with negative days it has expired."""
        self._serial += 1
        issued = self._key(f"{name}-{self._serial}")
        request = self._directory / "request.pem"
        extensions = self._directory / "extensions"
        extensions.write_text(f"subjectAltName=DNS:{name}\n")
        self._openssl("req", "-new", "-key", str(issued.key), "-subj", f"/CN={name}", "-out", str(request))
        self._openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.root.certificate), "-CAkey", str(self.root.key)),
            *("-set_serial", str(self._serial), "-days", str(days), "-extfile", str(extensions)),
            *("-out", str(issued.certificate)),
        )
        return issued

    def _key(self, name: str) -> Certificate:
        made = Certificate(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(made.key))
        return made

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=20)


@dataclass(slots=True)
class Seen:
    port: int = 0
    names: list[str | None] = field(default_factory=list)
    plain: int = 0


@asynccontextmanager
async def tls_front(
    backend_port: int, certificate: Certificate, *, client_ca: Path | None = None, direct: bool = False
) -> AsyncIterator[Seen]:
    """Speak TLS to clients and plaintext to the server behind; tell the names that clients ask for."""
    seen = Seen()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    context.sni_callback = lambda _, name, __: seen.names.append(name)
    context.set_alpn_protocols(["postgresql"])
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cafile=client_ca)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.CancelledError):
            if not direct:
                code, body = await read_startup(reader)
                if code == SSL_REQUEST:
                    writer.write(b"S")
                    await writer.start_tls(context)
                else:
                    seen.plain += 1
                    await _pass(reader, writer, struct.pack("!ii", len(body) + 8, code) + body)
                    return
            await _pass(reader, writer, b"")
        writer.transport.abort()

    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
        answers, backend = await asyncio.open_connection(LOOPBACK, backend_port)
        backend.write(first)
        pumps = [asyncio.ensure_future(_pump(reader, backend)), asyncio.ensure_future(_pump(answers, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            backend.transport.abort()

    server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=context if direct else None)
    seen.port = server.sockets[0].getsockname()[1]
    async with server, AsyncExitStack() as stack:
        with suppress(OSError):  # what some resolvers mean by localhost
            other = await asyncio.start_server(serve, "::1", seen.port, ssl=context if direct else None)
            await stack.enter_async_context(other)
        yield seen


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
