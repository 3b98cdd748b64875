from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.dsn import Tls
from hotswap_tui.probes.tls import TlsSetupError, build_context
from tests.probes.probing import probing
from tests.probes.tls_front import Authority, tls_front

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.core.values import Verdict
    from hotswap_tui.demo.servers import Server
    from tests.support.clusters import ServerPair

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program makes the certificates")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


def url(server: Server, port: int, query: str, host: str = "localhost") -> str:
    return f"{server.url.partition('@')[0]}@{host}:{port}/cc_financial?{query}"


async def verdict_of(url: str) -> Verdict:
    async with probing(url, timeout_s=5) as prober:
        return await prober.check(fresh=False)


MODES = [
    # mode, certificate for, days, root given, passes, words
    ("require", "other.example", 2, False, True, ""),
    ("require", "localhost", -1, False, True, ""),
    ("require", "other.example", 2, True, True, ""),
    ("verify-ca", "other.example", 2, True, True, ""),
    ("verify-ca", "localhost", -1, True, False, "certificate has expired"),
    ("verify-ca", "localhost", 2, False, False, "unable to get local issuer certificate"),
    ("verify-full", "localhost", 2, True, True, ""),
    ("verify-full", "other.example", 2, True, False, "Hostname mismatch"),
    ("verify-full", "localhost", -1, True, False, "certificate has expired"),
    ("verify-full", "localhost", 2, False, False, "unable to get local issuer certificate"),
]


@pytest.mark.parametrize(("mode", "name", "days", "root", "passes", "words"), MODES)
async def test_each_mode_verifies_what_libpq_says_it_does(
    authority: Authority,
    server_pair: ServerPair,
    mode: str,
    name: str,
    days: int,
    root: bool,
    passes: bool,
    words: str,
) -> None:
    query = f"sslmode={mode}" + (f"&sslrootcert={authority.root.certificate}" if root else "")
    async with tls_front(server_pair.primary.port, authority.issue(name, days=days)) as front:
        verdict = await verdict_of(url(server_pair.primary, front.port, query))
    assert verdict.fault is (None if passes else Fault.TLS), verdict.detail
    assert words in verdict.detail
    assert front.plain == 0


async def test_a_certificate_of_a_strange_authority_is_refused(
    authority: Authority, stranger: Authority, server_pair: ServerPair
) -> None:
    query = f"sslmode=verify-full&sslrootcert={stranger.root.certificate}"
    async with tls_front(server_pair.primary.port, authority.issue("localhost")) as front:
        verdict = await verdict_of(url(server_pair.primary, front.port, query))
    assert verdict.fault is Fault.TLS
    assert verdict.detail.startswith("certificate not accepted: ")


@pytest.mark.parametrize(
    ("host", "query", "name"),
    [
        ("localhost", "sslmode=require", "localhost"),
        ("localhost", "sslmode=require&sslsni=0", None),
        ("127.0.0.1", "sslmode=require", None),
    ],
)
async def test_the_name_is_sent_as_libpq_sends_it(
    authority: Authority, server_pair: ServerPair, host: str, query: str, name: str | None
) -> None:
    async with tls_front(server_pair.primary.port, authority.issue("localhost")) as front:
        assert (await verdict_of(url(server_pair.primary, front.port, query, host))).passed
    assert front.names == [name]


async def test_direct_tls_needs_no_request(authority: Authority, server_pair: ServerPair) -> None:
    query = f"sslmode=verify-full&sslnegotiation=direct&sslrootcert={authority.root.certificate}"
    async with tls_front(server_pair.primary.port, authority.issue("localhost"), direct=True) as front:
        verdict = await verdict_of(url(server_pair.primary, front.port, query))
    assert verdict.passed, verdict.detail
    assert front.names == ["localhost"]


async def test_a_client_certificate_is_shown(authority: Authority, server_pair: ServerPair) -> None:
    mine = authority.issue("ccfinapp")
    shown = f"sslmode=require&sslcert={mine.certificate}&sslkey={mine.key}"
    root = authority.root.certificate
    async with tls_front(server_pair.primary.port, authority.issue("localhost"), client_ca=root) as front:
        assert (await verdict_of(url(server_pair.primary, front.port, shown))).passed
        without = await verdict_of(url(server_pair.primary, front.port, "sslmode=require"))
    assert without.fault in {Fault.TLS, Fault.RESET}


@pytest.mark.parametrize("query", ["sslmode=require", "sslmode=verify-full", "channel_binding=require"])
async def test_a_server_without_tls_is_refused_where_tls_is_asked_for(server_pair: ServerPair, query: str) -> None:
    verdict = await verdict_of(url(server_pair.primary, server_pair.primary.port, query, "127.0.0.1"))
    assert verdict.fault is Fault.TLS
    assert verdict.detail == "the server does not offer TLS"


@pytest.mark.parametrize("query", ["sslmode=prefer", "sslmode=allow", "sslmode=disable", ""])
async def test_a_server_without_tls_serves_who_does_not_insist(server_pair: ServerPair, query: str) -> None:
    async with probing(url(server_pair.primary, server_pair.primary.port, query, "127.0.0.1")) as prober:
        assert (await prober.check(fresh=True)).passed
        assert (await prober.check(fresh=True)).passed


@pytest.mark.parametrize(("query", "plain"), [("sslmode=prefer", 0), ("sslmode=allow", 1), ("sslmode=disable", 1)])
async def test_a_server_with_tls_is_spoken_to_as_the_mode_prefers(
    authority: Authority, server_pair: ServerPair, query: str, plain: int
) -> None:
    async with tls_front(server_pair.primary.port, authority.issue("localhost")) as front:
        assert (await verdict_of(url(server_pair.primary, front.port, query))).passed
    assert front.plain == plain


async def test_a_renewed_root_certificate_is_read_after_the_first_failure(
    authority: Authority, stranger: Authority, server_pair: ServerPair, tmp_path: Path
) -> None:
    root = tmp_path / "root.crt"
    shutil.copy(stranger.root.certificate, root)
    async with tls_front(server_pair.primary.port, authority.issue("localhost")) as front:
        query = f"sslmode=verify-full&sslrootcert={root}"
        async with probing(url(server_pair.primary, front.port, query)) as prober:
            assert (await prober.check(fresh=False)).fault is Fault.TLS
            shutil.copy(authority.root.certificate, root)
            assert (await prober.check(fresh=False)).passed


async def test_a_missing_root_certificate_is_named(server_pair: ServerPair) -> None:
    query = "sslmode=verify-full&sslrootcert=/nowhere/root.crt"
    verdict = await verdict_of(url(server_pair.primary, server_pair.primary.port, query))
    assert verdict.fault is Fault.TLS
    assert verdict.detail == "sslrootcert /nowhere/root.crt: No such file or directory"


async def test_channel_binding_is_not_given_up_in_silence(server_pair: ServerPair) -> None:
    server = server_pair.primary
    socket_url = f"{server.url.partition('@')[0]}@/cc_financial?host={server.directory}&port={server.port}"
    async with probing(f"{socket_url}&channel_binding=require") as prober:
        assert "cannot bind" in prober.limits[0]
        assert (await prober.check(fresh=False)).fault is Fault.TLS


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (Tls(mode="require", cert="/nowhere/client.crt"), "sslcert /nowhere/client.crt"),
        (Tls(mode="verify-ca", root_cert=__file__), "not usable"),
        (Tls(mode="require", min_version="TLSv9"), "TLSv9"),
        (Tls(mode="verify-ca", crl="/nowhere/list.crl"), "sslcrl /nowhere/list.crl"),
    ],
)
def test_what_cannot_be_loaded_is_named(tls: Tls, words: str) -> None:
    with pytest.raises(TlsSetupError, match=words):
        build_context(tls, "localhost")


async def test_a_locked_key_never_asks_on_the_terminal(authority: Authority, tmp_path: Path) -> None:
    mine = authority.issue("locked")
    locked = tmp_path / "locked.key"
    Authority._openssl("pkey", "-in", str(mine.key), "-aes256", "-passout", "pass:phrase", "-out", str(locked))
    with pytest.raises(TlsSetupError, match="not usable"):
        build_context(Tls(mode="require", cert=str(mine.certificate), key=str(locked)), "localhost")
