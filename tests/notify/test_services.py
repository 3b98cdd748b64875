"""Names of services and reasons of failures give nothing away."""

from __future__ import annotations

import pytest

from hotswap_tui.notify.services import reason, service_name, service_names


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("json://127.0.0.1:8080/hidden?k=hunter22", "json://127.0.0.1:8080"),
        ("jsons://pi:hunter22@Example.ORG/x", "jsons://example.org"),
        ("json://[::1]:8080/", "json://[::1]:8080"),
        ("mailtos://pi:hunter22@example.org?to=a@b.c", "mailtos://example.org"),
        ("ntfys://ntfy.sh/hunter22", "ntfys://ntfy.sh"),
        ("ntfy://hunter22", "ntfy"),
        ("ntfy://hunter22/", "ntfy"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "tgram"),
        ("matrixs://hunter22", "matrixs"),
        ("matrix://pi@hunter22/", "matrix"),
        ("rocket://hunter22/sesame@example.org/#room", "rocket"),
        ("sendgrid://SG.hunter22:pi@example.org", "sendgrid"),
        ("https://discord.com/api/webhooks/417/hunter22", "https://discord.com"),
        ("syslog:/hunter22", "syslog"),
        ("json://[broken", "json"),
        ("json://host:port/", "json"),
        ("hunter22", "an unreadable URL"),
        ("", "an unreadable URL"),
        ("://hunter22", "an unreadable URL"),
    ],
)
def test_a_name_says_scheme_and_host_where_the_host_is_one(url, name):
    assert service_name(url) == name


def test_names_that_would_be_alike_are_numbered():
    urls = ["discord://1/a", "json://pi", "discord://2/b"]
    assert service_names(urls) == ["discord (1)", "json://pi", "discord (2)"]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (["Socket Exception: HTTPConnectionPool(host='h'): url: /hunter22 ([Errno 111] Connection refused)"], "connection refused"),
        (["Failed to send JSON notification: Internal Server Error, error=500."], "it answered 500"),
        (["Failed to send Discord notification: Unauthorized, error=401 hunter22"], "credentials refused"),
        (["Read timed out. (read timeout=4.0) /hunter22"], "timeout"),
        (["Failed to resolve 'h' ([Errno -2] Name or service not known)"], "name not found"),
        (["SSLError(SSLCertVerificationError(1, 'certificate verify failed'))"], "TLS failure"),
        (["[Errno 113] No route to host"], "host unreachable"),
        (["('Connection aborted.', RemoteDisconnected('Remote end closed'))"], "connection lost"),
        (["token hunter22 is bad"], "it did not take it"),
        ([], "it did not take it"),
    ],
)  # fmt: skip
def test_reasons_are_our_own_words(log, words):
    assert reason(log) == words
