"""A web server on loopback that misbehaves on request, byte by byte (see matrix.py).

The first component of a path names a case, the rest a file of the folder that the case serves. Requests for the
case's target get its fault, all others what a good server says: ranges, validators, keep-alive. Nothing between a
fault and the socket makes an answer well-formed.
"""
import hashlib
import os
import socket
import ssl
import struct
import threading
import time
import traceback

HEAD_MAX = 1 << 16
IDLE_S = 30  # no connection outlives this many seconds without a byte


class Case:
    """What one client is told: a folder well, but files whose path ends with TARGET by the fault, if there is one.

    hits: how often the fault came to pass; seen: requests for each path.
    """

    def __init__(self, folder, target, hidden=()):
        self.folder, self.target = folder, target
        self.hidden = hidden  # files with such names are not there
        self.fault, self.seen, self.hits = None, {}, 0
        self.lock = threading.Lock()

    def begin(self, folder, fault):
        """From now on FOLDER and FAULT, and requests are counted anew."""
        self.folder, self.fault, self.seen, self.hits = folder, fault, {}, 0

    @property
    def faulty(self):
        return self.fault is not None

    def count(self, path):
        with self.lock:
            self.seen[path] = self.seen.get(path, 0) + 1
            return self.seen[path]


class Exchange:
    """One request, for a fault to answer.

    path, headers: the request's; body: what a good server would send; nth: this file's how manieth request of the
    case; start: the first byte that is asked for, or None.
    """

    def __init__(self, server, sock, path, headers, body, nth):
        self.server, self.sock = server, sock
        self.path, self.headers, self.body, self.nth = path, headers, body, nth
        self.etag = '"%s"' % hashlib.md5(body).hexdigest()
        wanted = headers.get("range", "")
        self.start = int(wanted[6:-1]) if wanted.startswith("bytes=") else None
        self.open = True

    def send(self, data):
        self.sock.sendall(data)

    def head(self, status, *lines):
        """A status line and header lines, each as it is."""
        text = "\r\n".join(["HTTP/1.1 " + status, *lines, "", ""])
        self.send(text.encode("latin-1"))

    def answer(self, status, body=b"", *lines):
        """A well-formed answer."""
        self.head(status, "Content-Length: %d" % len(body), *lines)
        self.send(body)

    def close(self):
        self.open = False

    def reset(self):
        """Ends the connection by a reset instead of a farewell."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False

    def stall(self, seconds=IDLE_S):
        """Says nothing until the client gives up."""
        self.sock.settimeout(seconds)
        try:
            self.sock.recv(1)
        except OSError:
            pass
        self.open = False

    def good(self, cut=None):
        """What a good server says; CUT: of the body due only so many bytes, then the end."""
        if self.headers.get("if-none-match") == self.etag:
            self.head("304 Not Modified", "ETag: " + self.etag)
            return
        whole, first = len(self.body), 0
        lines = ["ETag: " + self.etag, "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT", "Cache-Control: max-age=0"]
        status = "200 OK"
        if self.start is not None and self.headers.get("if-range", self.etag) == self.etag:
            if self.start >= whole:
                self.answer("416 Range Not Satisfiable", b"", "Content-Range: bytes */%d" % whole)
                return
            status, first = "206 Partial Content", self.start
            lines.append("Content-Range: bytes %d-%d/%d" % (first, whole - 1, whole))
        self.head(status, "Content-Length: %d" % (whole - first), *lines)
        if cut is None:
            self.send(self.body[first:])
        else:
            self.send(self.body[first : first + cut])
            self.close()

    def broken(self):
        """Breaks off in the middle."""
        self.good(cut=len(self.body) // 2)


def read_head(sock):
    """The bytes up to the empty line, or None when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(4096)
        if not part or len(data) > HEAD_MAX:
            return None
        data += part
    return data.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


class Server:
    """Ports on loopback. cases: by name; broken: errors of the server itself."""

    def __init__(self):
        self.cases, self.listeners, self.broken = {}, [], []

    def listen(self, talk, host="127.0.0.1"):
        """A new port, each connection in a thread: TALK(server, socket). Returns the port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, 0))
        listener.listen(64)
        self.listeners.append(listener)
        threading.Thread(target=self.accept, args=(listener, talk), daemon=True).start()
        return listener.getsockname()[1]

    def accept(self, listener, talk):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.guard, args=(talk, sock), daemon=True).start()

    def guard(self, talk, sock):
        """A client that hangs up is no news here."""
        sock.settimeout(IDLE_S)
        try:
            talk(self, sock)
        except OSError:
            pass
        except Exception:
            self.broken.append(traceback.format_exc())
        finally:
            sock.close()

    def stop(self):
        for listener in self.listeners:
            listener.close()


def find(server, path):
    """The case of a path and its file's bytes (None: there is no such file)."""
    parts = path.lstrip("/").split("/")
    case = server.cases.get(parts[0])
    if not case:
        return None, None
    name = os.path.join(case.folder, *parts[1:])
    if parts[-1] in case.hidden or not os.path.isfile(name):
        return case, None
    with open(name, "rb") as file:
        return case, file.read()


def talk_http(server, sock):
    """Requests of one connection until one of both sides has had enough."""
    while True:
        lines = read_head(sock)
        if lines is None:
            return
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if method == "GET" and "://" in target:  # as a proxy is asked
            target = "/" + target.split("/", 3)[3]
        path = target.split("?")[0]
        case, body = find(server, path)
        exchange = Exchange(server, sock, target, headers, body or b"", case.count(path) if case else 0)
        if case and case.fault and path.endswith(case.target):
            case.hits += not hasattr(case.fault, "elsewhere")
            case.fault(exchange)
        elif body is None:
            exchange.answer("404 Not Found", b"no such file")
        else:
            exchange.good()
        if not exchange.open:
            return


def over_tls(context, talk=talk_http):
    """TALK behind TLS. The end is a plain close unless the fault made it another."""

    def talk_tls(server, sock):
        with context.wrap_socket(sock, server_side=True) as secure:
            talk(server, secure)
            try:
                secure.unwrap()
            except (OSError, ValueError):
                pass

    return talk_tls


def context_of(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def join(first, second):
    """Carries bytes both ways until one end closes."""

    def carry(source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    other = threading.Thread(target=carry, args=(second, first), daemon=True)
    other.start()
    carry(first, second)
    other.join()


def drip(exchange, data, seconds):
    """One byte at a time, each SECONDS after the one before."""
    for i in range(len(data)):
        exchange.send(data[i : i + 1])
        time.sleep(seconds)
