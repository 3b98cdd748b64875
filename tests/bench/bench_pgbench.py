"""Print what the endpoint costs: `pgbench -S` through a plain PgBouncer and through ours, watched and not, by turns."""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hotswap_tui.core.values import Role
from hotswap_tui.demo.installation import find_installation
from hotswap_tui.demo.ports import LOOPBACK, reserve_port
from tests.bench.bench_traffic import SETTINGS, begin
from tests.bench.figures import column, mark, row
from tests.bench.processes import cost
from tests.support.until import until_sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.traffic import Stage

CLIENTS = 8
LASTS_S = 5
PLAIN, ENDPOINT, WATCHED = NAMES = "PgBouncer alone", "endpoint, nobody watches", "endpoint, watched"
_NUMBER = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


def pgbench(url: str, *arguments: str) -> str:
    """Run pgbench on `url` and return what it printed."""
    parts = urlsplit(url)
    command = [str(find_installation().programs / "pgbench"), "--no-vacuum", *arguments]
    command += ["--host", parts.hostname or "", "--port", str(parts.port), "--username", parts.username or ""]
    environ = {"PGPASSWORD": parts.password or "", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([*command, parts.path[1:]], env=environ, capture_output=True, text=True, check=True)
    return done.stdout


@dataclass(frozen=True, slots=True)
class Run:
    """One run of pgbench through one PgBouncer."""

    tps: int
    cpu_us: float
    """PgBouncer's processor time for one transaction, which other work on this machine does not change much."""


def measure(url: str, bouncer: int) -> Run:
    """Run pgbench on `url`, which leads through the PgBouncer with that process id."""
    before = cost(bouncer).processor_s
    told = pgbench(url, "--select-only", f"--client={CLIENTS}", "--jobs=2", f"--time={LASTS_S}")
    used_s = cost(bouncer).processor_s - before
    rate, number = _TPS.search(told), _NUMBER.search(told)
    assert rate is not None, told
    assert number is not None, told
    return Run(round(float(rate[1])), used_s / int(number[1]) * 1e6)


@contextmanager
def plain_pgbouncer(server_url: str) -> Iterator[tuple[str, int]]:
    """Run a PgBouncer with nothing but what it needs in front of a server; yields a URL through it, and its process id."""
    parts, installation = urlsplit(server_url), find_installation()
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
    assert program is not None, "pgbouncer is not installed"
    with ExitStack() as stack:
        directory = installation.make_directory("hotswap-tui-bench-")
        stack.callback(shutil.rmtree, directory)
        port = stack.enter_context(reserve_port()).getsockname()[1]
        (directory / "userlist.txt").write_text(f'"{parts.username}" "{parts.password}"\n')
        (directory / "pgbouncer.ini").write_text(
            f"[databases]\n{parts.path[1:]} = host={parts.hostname} port={parts.port}\n[pgbouncer]\n"
            f"listen_addr = {LOOPBACK}\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
            f"auth_file = {directory}/userlist.txt\npool_mode = transaction\n"
        )
        log = stack.enter_context((directory / "log").open("wb"))
        process = installation.spawn([program, str(directory / "pgbouncer.ini")], directory=directory, output=log)
        stack.callback(process.wait)
        stack.callback(process.kill)
        url = f"postgresql://{parts.username}:{parts.password}@{LOOPBACK}:{port}{parts.path}"
        until_sync(lambda: (directory / "log").read_text().count("process up"), 10.0, "the plain PgBouncer")
        yield url, process.pid


async def main(stage: Stage, runs: int) -> None:
    """Print the figures."""
    with stage.engine(**SETTINGS) as engine:
        await begin(stage, engine, Role.PRIMARY)
    pgbench(stage.primary_url, "--initialize", "--quiet", "--scale=1")
    found: dict[str, list[Run]] = {name: [] for name in NAMES}
    with plain_pgbouncer(stage.primary_url) as plain:
        for run in range(runs):
            for name in NAMES[run % 3 :] + NAMES[: run % 3]:  # so that none has the better place
                with stage.engine(**SETTINGS) if name == WATCHED else nullcontext():
                    through = plain if name == PLAIN else (stage.application_url, stage.bouncer_pid)
                    found[name].append(await asyncio.to_thread(measure, *through))
    print(f"\npgbench -S, {CLIENTS} clients, {runs} runs of {LASTS_S} s by turns")
    print(row("median (range)", ("transactions/s", "PgBouncer's µs each")))
    for name, measured in found.items():
        columns = column([run.tps for run in measured]), column([run.cpu_us for run in measured], 1)
        print(row(name, columns))
    for name in (ENDPOINT, WATCHED):
        print(_compared(name, found[name], found[PLAIN]))


def _compared(name: str, ours: list[Run], alone: list[Run]) -> str:
    """Compare the medians; what lies within the range of PgBouncer alone is no loss."""
    share = statistics.median(run.tps for run in ours) / statistics.median(run.tps for run in alone)
    met = statistics.median(run.tps for run in ours) >= min(run.tps for run in alone)
    return f"target: {name} loses nothing: {100 * share:.0f} % of {PLAIN}, {mark(met=met)}"
