"""From the keywords of a connection string to a `Dsn`: every value checked, every foreign parameter translated or noted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast, get_args
from urllib.parse import quote

from hotswap_tui.dsn.keywords import read_keywords
from hotswap_tui.dsn.masking import MASK, mask, strip_controls
from hotswap_tui.dsn.model import DEFAULT_PORT, Address, ChannelBinding, Dsn, DsnError, split_options
from hotswap_tui.dsn.parameters import LIBPQ_ONLY, SECRET, SERVER_SETTINGS, canonical, is_known, note_for
from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.dsn.tls import one_of, read_tls
from hotswap_tui.dsn.url import check_port, hide_at_signs, read_url

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SOCKET: Final = "/run/postgresql"
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+:.-]*://")
_PLAIN_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_TARGETS: Final = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")


def parse(text: str | SecretStr) -> Dsn:
    """Read a connection string in URL or keyword form. Raises `DsnError`, which never shows a part of the password."""
    plain, notes = _unwrap(text if isinstance(text, str) else text.get_secret_value())
    if not plain:
        raise DsnError("it is empty; write postgresql://user:password@host:5432/database")
    if _URL.match(plain):
        values, more = read_url(plain)
        masked = mask(hide_at_signs(plain))
    elif "=" in plain:
        values, more = read_keywords(plain), []
        masked = ""
    else:
        raise DsnError(
            "it is neither a URL (postgresql://user:password@host/database) nor of the form host=... dbname=..."
        )
    return _build({canonical(key): value for key, value in values.items()}, [*notes, *more], masked)


def _unwrap(text: str) -> tuple[str, list[str]]:
    plain = text.strip()
    if any(ord(c) < 32 and c not in "\t\n\r\v\f" for c in plain):
        raise DsnError("it contains a control character; write it as %XX")
    notes: list[str] = []
    if plain.startswith("psql "):
        plain = plain[5:].strip()
        notes.append("the word psql before the connection string is set aside")
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        plain = plain[1:-1].strip()
        notes.append("quotation marks around the connection string are set aside")
    return plain, notes


def _build(values: Mapping[str, str], notes: list[str], masked: str) -> Dsn:
    tls, tls_notes = read_tls(values)
    addresses, host_notes = _addresses(values)
    aside = dict.fromkeys(filter(None, (note_for(key) for key in values)))
    return Dsn(
        addresses=addresses,
        user=values.get("user") or None,
        password=SecretStr(values["password"]) if values.get("password") else None,
        database=values.get("dbname") or None,
        tls=tls,
        application_name=values.get("application_name") or values.get("fallback_application_name") or None,
        channel_binding=_channel_binding(values.get("channel_binding")),
        server_settings=_server_settings(values),
        options=values.get("options") or None,
        connect_timeout_s=_connect_timeout_s(values.get("connect_timeout")),
        target_session_attrs=one_of("target_session_attrs", values.get("target_session_attrs") or "any", _TARGETS),
        passfile=values.get("passfile") or None,
        extras=tuple((key, value) for key, value in values.items() if key in LIBPQ_ONLY),
        notes=(*notes, *host_notes, *tls_notes, *aside),
        masked_text=masked or _as_url(values),
    )


def _channel_binding(value: str | None) -> ChannelBinding | None:
    return cast("ChannelBinding", one_of("channel_binding", value, get_args(ChannelBinding))) if value else None


def _addresses(values: Mapping[str, str]) -> tuple[tuple[Address, ...], list[str]]:
    named = values.get("host") or values.get("hostaddr")
    notes = [] if named else [f"no host is named; the Unix socket in {DEFAULT_SOCKET} is used"]
    hosts = [host.strip() or DEFAULT_SOCKET for host in (named or DEFAULT_SOCKET).split(",")]
    ports = [port.strip() for port in values.get("port", "").split(",")]
    if len(ports) == 1:
        ports *= len(hosts)
    if len(ports) != len(hosts):
        raise DsnError(f"{len(ports)} ports are given for {len(hosts)} hosts; give one port, or one for each host")
    numbers = (int(check_port(port)) if port else DEFAULT_PORT for port in ports)
    return tuple(Address(host, number) for host, number in zip(hosts, numbers, strict=True)), notes


def _server_settings(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    settings = dict(split_options(values.get("options", "")))
    if schema := values.get("schema"):
        settings["search_path"] = schema if _PLAIN_NAME.fullmatch(schema) else '"' + schema.replace('"', '""') + '"'
    settings |= {key: value for key, value in values.items() if key in SERVER_SETTINGS}
    return tuple(settings.items())


def _connect_timeout_s(text: str | None) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"[+-]?\d{1,6}(\.\d+)?", text.strip(), re.ASCII):
        raise DsnError("connect_timeout must be a number of seconds; 0 means no limit")
    seconds = float(text)
    return seconds if seconds > 0 else None


def _as_url(values: Mapping[str, str]) -> str:
    user = quote(values.get("user", ""))
    login = f"{user}:{MASK}@" if values.get("password") else f"{user}@" if user else ""
    hosts = values.get("host") or values.get("hostaddr") or ""
    ports = values.get("port", "").split(",")
    items = [f"[{h}]" if ":" in h else quote(h, safe="") for h in hosts.split(",")]
    ports = ports * len(items) if len(ports) == 1 else ports
    places = ",".join(f"{item}:{port}" if port else item for item, port in zip(items, ports, strict=True))
    shown = {key: value for key, value in values.items() if key not in {"user", "password", "host", "port", "dbname"}}
    query = "&".join(
        f"{key}={MASK if key in SECRET else quote(value)}" for key, value in shown.items() if is_known(key)
    )
    text = f"postgresql://{login}{places}/{quote(values.get('dbname', ''))}" + (f"?{query}" if query else "")
    return strip_controls(text)
