"""Applications in another network, as those in containers are: what they may and may not, with the installed program."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from hotswap_tui.cli import exit_codes
from hotswap_tui.routing.layout import APPLICATION_ENV, load
from tests.end_to_end.programs import PROGRAM
from tests.probes.tls_front import Authority
from tests.support.namespaces import Namespace, joined, obstacle
from tests.support.until import until_sync

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle())

HERE = "10.89.0.1"
ALLOWED = "10.89.0.2"
REFUSED = "10.89.0.200"
NETWORK = "10.89.0.0/25"
NAME = "gateway.test"
PORT = 6432
START_S = 15.0
END_S = 8.0
NOT_ALLOWED = r"login rejected|no pg_hba\.conf entry"
"""As PgBouncer 1.18 says it, and as later ones do."""


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway in one network and a client's place in another."""

    directory: Path
    authority: Path
    far: Namespace

    @property
    def url(self) -> str:
        """The connection string that `gateway init` has written for applications."""
        line = (self.directory / APPLICATION_ENV).read_text(encoding="utf-8").strip().splitlines()[-1]
        return line.partition("=")[2].strip("\"'").replace("pgbouncer=true", "").rstrip("&?")

    def connect(self, url: str | None = None, **parameters: str) -> psycopg.Connection:
        """Log in from the other network."""
        trust = {"sslmode": "verify-full", "sslrootcert": str(self.authority), "hostaddr": HERE, **parameters}
        conninfo = make_conninfo(url or self.url, **trust)
        return self.far.call(lambda: psycopg.connect(conninfo, prepare_threshold=None, autocommit=True))


@pytest.fixture(scope="module")
def base():
    """Make a directory that the servers' user can pass."""
    base = Path(tempfile.mkdtemp(prefix="hotswap-tui-", dir="/tmp"))
    base.chmod(0o755)
    yield base
    shutil.rmtree(base)


@pytest.fixture(scope="module")
def site(base, _shared_pair):
    authority = Authority(base)
    certificate = authority.issue(NAME)
    shutil.chown(certificate.key, "nobody")
    server = _shared_pair.primary
    user_and_password = urlsplit(server.url).netloc.rpartition("@")[0]
    # Files reach through networks: the database is that of the shared pair.
    url = f"postgresql://{user_and_password}@/cc_financial?host={server.directory}&port={server.port}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(base), "DATABASE_URL": url}
    directory = base / "g"
    init = [PROGRAM, "gateway", "init", "--dir", str(directory), "--listen", f"{HERE}:{PORT}", "--host", NAME]
    init += ["--client-tls-cert", str(certificate.certificate), "--client-tls-key", str(certificate.key)]
    init += ["--allow", NETWORK, "--run-as", "nobody"]
    with joined(f"{HERE}/24", f"{ALLOWED}/24") as (near, far):
        made = near.call(subprocess.run, init, env=environ, cwd=base, capture_output=True, text=True, timeout=30)
        assert made.returncode == exit_codes.OK, made.stderr
        with (base / "said").open("wb") as said:
            run = [PROGRAM, "gateway", "run", "--dir", str(directory)]
            supervisor = near.call(subprocess.Popen, run, env=environ, cwd=base, stderr=said)
        try:
            until_sync(lambda: "listens on" in (base / "said").read_text(), START_S, "PgBouncer")
            yield Site(directory, authority.root.certificate, far)
        finally:
            supervisor.terminate()
            assert supervisor.wait(END_S) == exit_codes.OK


@pytest.fixture
def elsewhere(site):
    """Let the client come from an address that is not allowed."""
    site.far.ip(f"addr add {REFUSED}/24 dev wire")
    site.far.ip(f"route replace {HERE} dev wire src {REFUSED}")
    yield
    site.far.ip(f"route del {HERE} dev wire")
    site.far.ip(f"addr del {REFUSED}/24 dev wire")


def test_an_application_logs_in_with_tls_and_scram(site):
    assert f"@{NAME}:{PORT}/" in site.url
    assert "sslmode=require" in site.url
    with site.connect() as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.pgconn.used_password
        assert connection.execute("SELECT current_database()").fetchone() == ("cc_financial",)


def test_without_tls_nobody_logs_in(site):
    with pytest.raises(psycopg.OperationalError, match="SSL required"):
        site.connect(sslmode="disable")


def test_a_wrong_password_is_refused(site):
    with pytest.raises(psycopg.OperationalError, match="SASL authentication failed"):
        site.connect(password="wrong")


def test_another_network_is_refused(site, elsewhere):
    with pytest.raises(psycopg.OperationalError, match=NOT_ALLOWED):
        site.connect()


def test_the_console_is_not_reached_over_tcp_even_with_its_password(site):
    console = load(site.directory).console.get_secret_value()
    with psycopg.connect(console, autocommit=True, prepare_threshold=None) as local:
        assert local.execute("SHOW VERSION").fetchone()
    with pytest.raises(psycopg.OperationalError, match=NOT_ALLOWED):
        site.connect(console, host=NAME, port=str(PORT))
