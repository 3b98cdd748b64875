"""A web server on loopback that takes notifications, or does not."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from hotswap_tui.demo.ports import LOOPBACK


class Receiver:
    """What the path says: `/ok` takes everything, `/500` nothing, `/flaky` refuses the first, `/hang` answers when it ends."""

    def __init__(self) -> None:
        self.letters: list[dict[str, Any]] = []
        """The JSON that was taken, in order."""
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        """Method, path and headers of every request."""
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{LOOPBACK}:{self._server.server_port}"

    @property
    def titles(self) -> list[str]:
        """What the letters taken are about."""
        return [letter["title"] for letter in self.letters]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._answer(body)

            def do_GET(self) -> None:
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                seen = sum(path == self.path for _, path, _ in receiver.requests)
                receiver.requests.append((self.command, self.path, dict(self.headers)))
                if "/hang" in self.path:
                    receiver._ended.wait()
                    return
                taken = "/500" not in self.path and not ("/flaky" in self.path and seen == 0)
                if taken and body:
                    receiver.letters.append(json.loads(body))
                self.send_response(200 if taken else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        return Handler
