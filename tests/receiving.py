"""Servers on loopback that take what is sent: HTTP for webhooks and robots, SMTP for mail."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """What came by HTTP."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """A web server that notes what comes, and answers as it is told; the last answer is given again and again."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=lambda: [(200, b"{}", {})])
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, *statuses: int, body: bytes = b"{}", **headers: str) -> None:
        self.answers = [(status, body, headers) for status in statuses]

    def take(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        with self.lock:
            self.requests.append(request)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A web server for as long as it is needed."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer, headers = receiver.take(Request(self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    with served(server):
        yield receiver


@dataclass
class Mailbox:
    """A mail server that notes what comes; `codes` say how it answers commands."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


@contextmanager
def receiving_mail() -> Iterator[Mailbox]:
    """A mail server for as long as it is needed; it offers no encryption."""
    mailbox = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                mailbox.said.append(word)
                self.say(mailbox.codes.get(word, {"DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 well")))
                if word == "DATA" and word not in mailbox.codes:
                    mailbox.mails.append(self.read_mail())
                    self.say("250 taken")
                if word == "QUIT":
                    return

        def read_mail(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line)
            return b"".join(lines)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    mailbox.port = server.server_address[1]
    with served(server):
        yield mailbox


@contextmanager
def served(server: socketserver.ThreadingMixIn) -> Iterator[None]:
    server.daemon_threads = True
    assert isinstance(server, socketserver.TCPServer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
