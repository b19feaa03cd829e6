#!/usr/bin/env python3
"""A web server on loopback that misbehaves on request, for the tests of fetch.

usage: fault_server.py ROOT [--tls PEM] [--client-ca PEM] [--proxy USER:PASSWORD] [--log FILE]

Prints two port numbers and serves the files of ROOT on both until it is killed; with --tls (a certificate and its
key) a third speaks TLS, with --client-ca a fourth TLS that demands a certificate of that authority, and with --proxy
the last is a proxy that lets USER pass, to other servers by CONNECT and to this one by whole URLs. The first component of
a path names the fault, the rest the file; "/ok/FILE" is served well (ranges, ETag, 304). Faults that
depend on what came before count by whole path, so "?2" starts anew. GET /log
lists what was asked so far: path, Range, If-None-Match, Authorization, the number of the port; Proxy-Authorization
where there is one. FILE gets the same lines. GET /sent lists the bytes of bodies that went out for each path, GET
/most tells how many slow answers were under way at once at most.
"""
import argparse
import hashlib
import os
import select
import socket
import ssl
import threading
import time
from base64 import b64encode
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCK = threading.Lock()
SEEN = {}
LOG = []
PORTS = []
ARGS = argparse.Namespace()
SENT = {}
SLOW = {"now": 0, "most": 0}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    context = None
    proxy_user = None

    def get_request(self):
        connection, address = super().get_request()
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, *_):
        """Clients that hang up are no news here."""


def flipped(body):
    """The body with one bit of its first quarter changed."""
    at = len(body) // 4
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self, what):
        line = what + " port=%d" % PORTS.index(self.server.server_port)
        with LOCK:
            LOG.append(line)
            if ARGS.log:
                with open(ARGS.log, "a") as log:
                    log.write(line + "\n")

    def may_pass(self):
        """As a proxy: is this the user who may?"""
        wanted = "Basic " + b64encode(self.server.proxy_user.encode()).decode()
        given = self.headers.get("Proxy-Authorization", "")
        self.note("%s %s proxy-auth=%s auth=%s" % (self.command, self.path, given, self.headers.get("Authorization", "")))
        if given != wanted:
            self.reply(407, b"who are you", [("Proxy-Authenticate", 'Basic realm="proxy"')])
        return given == wanted

    def do_CONNECT(self):
        if not self.server.proxy_user or not self.may_pass():
            return
        host, port = self.path.rsplit(":", 1)
        there = socket.create_connection((host, int(port)))
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        ways = {self.connection: there, there: self.connection}
        while True:
            for one in select.select(list(ways), [], [], 30)[0] or [None]:
                piece = one.recv(65536) if one else b""
                if not piece:
                    there.close()
                    self.close_connection = True
                    return
                ways[one].sendall(piece)

    def do_GET(self):
        if self.server.proxy_user:
            if not self.may_pass():
                return
            self.path = "/" + self.path.split("/", 3)[3]
        parts = self.path.split("?")[0].lstrip("/").split("/")
        if parts == ["log"]:
            self.reply(200, "\n".join(LOG).encode())
            return
        if parts == ["sent"]:
            self.reply(200, "".join("%s %d\n" % item for item in sorted(SENT.items())).encode())
            return
        if parts == ["most"]:
            self.reply(200, b"%d" % SLOW["most"])
            return
        self.note(
            "%s range=%s match=%s since=%s auth=%s"
            % (
                self.path,
                self.headers.get("Range", ""),
                self.headers.get("If-None-Match", ""),
                self.headers.get("If-Modified-Since", ""),
                self.headers.get("Authorization", ""),
            )
        )
        with LOCK:
            self.nth = SEEN[self.path] = SEEN.get(self.path, 0) + 1
        if parts[0] == "t":
            parts = parts[2:]
        path = os.path.join(ARGS.root, *parts[1:])
        body = b""
        if os.path.isfile(path):
            with open(path, "rb") as file:
                body = file.read()
        elif parts[0] not in ("statuses", "redirect"):
            self.reply(404, b"no such file")
            return
        getattr(self, "fault_" + parts[0].replace("-", "_"), self.unknown)(parts, body)

    def unknown(self, _parts, _body):
        self.reply(404, b"no such fault")

    def reply(self, status, body, headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.write(body)

    def write(self, body):
        with LOCK:
            SENT[self.path] = SENT.get(self.path, 0) + len(body)
        self.wfile.write(body)

    def end(self):
        self.wfile.flush()
        self.close_connection = True

    def serve(self, body, cut=None):
        """Serves BODY with ranges and validators; CUT: how many of the bytes due are sent."""
        etag = '"%s"' % hashlib.md5(body).hexdigest()
        headers = [
            ("ETag", etag),
            ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
            ("Cache-Control", "public, max-age=60"),
        ]
        if self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            return
        wanted = self.headers.get("Range")
        if_range = self.headers.get("If-Range", etag)
        status, part = 200, body
        if wanted and if_range == etag:
            first = int(wanted.split("=")[1].split("-")[0])
            headers.append(("Content-Range", "bytes %d-%d/%d" % (first, len(body) - 1, len(body))))
            status, part = 206, body[first:]
        sent = part if cut is None else part[:cut]
        self.reply(status, sent, headers, len(part))
        if cut is not None:
            self.end()

    def fault_ok(self, _parts, body):
        self.serve(body)

    # --- broken off ---
    def fault_truncate(self, _parts, body):
        self.serve(body, len(body) // 2 if "Range" not in self.headers else 0)

    def fault_break_once(self, _parts, body):
        self.serve(body, len(body) // 2 if self.nth == 1 else None)

    def fault_break_often(self, _parts, body):
        """Never more than 1.5 MiB at a time."""
        self.serve(body, 3 << 19)

    def fault_break_then_change(self, _parts, body):
        """Another file after the break; only the later one is right."""
        if self.nth == 1:
            self.serve(flipped(body), len(body) // 2)
        else:
            self.serve(body)

    def fault_break_then_no_range(self, _parts, body):
        if self.nth == 1:
            self.serve(body, len(body) // 2)
        else:
            self.reply(200, body)

    def fault_break_then_wrong_range(self, _parts, body):
        if self.nth == 2:
            self.reply(206, body, [("Content-Range", "bytes 0-%d/%d" % (len(body) - 1, len(body)))])
        else:
            self.serve(body, len(body) // 2 if self.nth == 1 else None)

    def fault_break_then_416(self, _parts, body):
        if self.nth == 2:
            self.reply(416, b"")
        else:
            self.serve(body, len(body) // 2 if self.nth == 1 else None)

    def fault_damage_then_break(self, _parts, body):
        """The first half is damaged and has no validator; the whole is right from the third try on."""
        if self.nth == 1:
            self.reply(200, flipped(body)[: len(body) // 2], length=len(body))
            self.end()
        else:
            self.serve(body)

    def fault_part_unasked(self, _parts, body):
        self.reply(206, body, [("Content-Range", "bytes 0-%d/%d" % (len(body) - 1, len(body)))])

    def fault_stall(self, _parts, body):
        self.reply(200, body[: len(body) // 2], length=len(body))
        self.wfile.flush()
        time.sleep(600)

    def write_slowly(self, body, size, pause):
        """SIZE bytes, a pause of so many seconds, and so on."""
        with LOCK:
            SLOW["now"] += 1
            SLOW["most"] = max(SLOW["most"], SLOW["now"])
        try:
            for at in range(0, len(body), size):
                self.write(body[at : at + size])
                self.wfile.flush()
                time.sleep(pause)
        finally:
            with LOCK:
                SLOW["now"] -= 1

    def fault_slow(self, _parts, body):
        """Served well, 64 KiB in 25 ms."""
        first = int(self.headers.get("Range", "bytes=0-").split("=")[1].split("-")[0])
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, len(body) - 1, len(body)))
        self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        self.write_slowly(body[first:], 1 << 16, 0.025)

    def fault_portion(self, _parts, body, times=1):
        """2.5 MB of what is asked for, then nothing more; served well when asked again."""
        if self.nth > times:
            self.serve(body)
            return
        first = int(self.headers.get("Range", "bytes=0-").split("=")[1].split("-")[0])
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, len(body) - 1, len(body)))
        self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        self.write(body[first : first + 2500000])
        self.wfile.flush()
        time.sleep(600)

    def fault_portions(self, parts, body):
        """The same, twice."""
        self.fault_portion(parts, body, 2)

    def fault_drip(self, _parts, body):
        """A byte at a time, for ever."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.write_slowly(body, 1, 0.1)

    def fault_stall_once(self, parts, body):
        if self.nth == 1:
            self.fault_stall(parts, body)
        else:
            self.serve(body)

    def fault_hang_up(self, _parts, _body):
        self.close_connection = True

    def fault_garbage(self, _parts, _body):
        self.wfile.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
        self.end()

    # --- lies ---
    def fault_corrupt(self, _parts, body):
        self.serve(flipped(body))

    def fault_longer(self, _parts, body):
        self.serve(body + b"x")

    def fault_shorter(self, _parts, body):
        self.serve(body[:-1])

    def fault_says_shorter(self, _parts, body):
        self.reply(200, body, [("Connection", "close")], length=len(body) // 2)
        self.end()

    def fault_always_304(self, _parts, _body):
        self.send_response(304)
        self.end_headers()

    # --- answers ---
    def fault_flaky(self, _parts, body):
        if self.nth == 1:
            self.reply(500, b"sorry")
        else:
            self.serve(body)

    def fault_limit(self, _parts, body):
        if self.nth == 1:
            self.reply(429, b"slow down", [("Retry-After", "1")])
        else:
            self.serve(body)

    def fault_limit_date(self, _parts, body):
        """The same, the pause as a date; that has whole seconds."""
        if self.nth == 1:
            self.reply(503, b"closed", [("Retry-After", formatdate(time.time() + 2, usegmt=True))])
        else:
            self.serve(body)

    def fault_limit_long(self, _parts, _body):
        self.reply(429, b"slow down", [("Retry-After", "3600")])

    def fault_statuses(self, parts, _body):
        """/statuses/STATUS/anything"""
        self.reply(int(parts[1]), b"<html>an error page</html>")

    def fault_redirect(self, parts, _body):
        """To the same file on another host, served well."""
        self.reply(302, b"", [("Location", "http://localhost:%d/ok/%s" % (PORTS[1], "/".join(parts[1:])))])

    def fault_redirect_same(self, parts, _body):
        self.reply(302, b"", [("Location", "/auth/%s" % "/".join(parts[1:]))])

    def fault_redirect_port(self, parts, _body):
        """To the same file on another port of this host, served well."""
        self.reply(302, b"", [("Location", "http://127.0.0.1:%d/ok/%s" % (PORTS[1], "/".join(parts[1:])))])

    def fault_redirect_bearer(self, parts, _body):
        self.reply(302, b"", [("Location", "/bearer/%s" % "/".join(parts[1:]))])

    def fault_redirect_file(self, parts, _body):
        self.reply(302, b"", [("Location", "file://" + os.path.join(ARGS.root, *parts[1:]))])

    def fault_redirect_loop(self, _parts, _body):
        self.reply(302, b"", [("Location", self.path)])

    def demand(self, body, authorization):
        if self.headers.get("Authorization") == authorization:
            self.serve(body)
        else:
            self.reply(401, b"who are you", [("WWW-Authenticate", 'Basic realm="test"')])

    def fault_auth(self, _parts, body):
        self.demand(body, "Basic " + b64encode(b"user:s3cret").decode())

    def fault_bearer(self, _parts, body):
        self.demand(body, "Bearer t0ken")

    def fault_token(self, _parts, body):
        """Behind /t/tk-12 alone, without any other credentials."""
        if self.path.startswith("/t/tk-12/") and "Authorization" not in self.headers:
            self.serve(body)
        else:
            self.reply(403, b"not for you")


def tls_context(pem, client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    for option in ("--tls", "--client-ca", "--proxy", "--log"):
        parser.add_argument(option)
    args = parser.parse_args(namespace=ARGS)
    servers = [Server(("127.0.0.1", 0), Handler) for _ in range(2)]
    if args.tls:
        servers.append(Server(("127.0.0.1", 0), Handler))
        servers[-1].context = tls_context(args.tls)
    if args.client_ca:
        servers.append(Server(("127.0.0.1", 0), Handler))
        servers[-1].context = tls_context(args.tls, args.client_ca)
    if args.proxy:
        servers.append(Server(("127.0.0.1", 0), Handler))
        servers[-1].proxy_user = args.proxy
    for server in servers:
        PORTS.append(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*PORTS, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
