"""Where a case is served, when it is not plain HTTP: TLS, HTTP/2, proxies, names.

An endpoint has an address that is the same before, under and after the fault; `good` and `bad` are the lines of
configuration and the variables that a client has without and with it. Each case has ports of its own, whose talk is
another one while the case is faulty.
"""
import os
import socket
import struct
import subprocess

from server import context_of, join, over_tls, read_head, talk_http

NO_HOST = "channel.invalid"
CREDENTIALS = "user:s3cret"


class Endpoint:
    """base: the address, with credentials if there are any; shown: without them; seen: does a fault show here?"""

    def __init__(self, base, good=("", {}), bad=None, seen=True):
        self.base, self.good, self.bad, self.seen = base, good, bad or good, seen
        self.shown = base.replace(CREDENTIALS + "@", "")


class Certificates:
    """Made once: {name}.pem and {name}.key, an authority and what it and others have signed."""

    KINDS = {"good": ("IP:127.0.0.1,IP:::1,DNS:localhost", "ca", 2), "other-host": ("DNS:other.invalid", "ca", 2),
             "expired": ("IP:127.0.0.1", "ca", -1), "other-ca": ("IP:127.0.0.1", "other", 2),
             "self": ("IP:127.0.0.1", None, 2)}

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        for name in ("ca", "other"):
            self.openssl("req", "-x509", *self.new_key(name), "-days", "2", "-out", f"{name}.pem")
        for name, (names, authority, days) in self.KINDS.items():
            with open(f"{folder}/ext", "w") as file:
                file.write(f"subjectAltName={names}\n")
            self.openssl("req", *self.new_key(name), "-out", "csr")
            signer = ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"] if authority else [
                "-signkey", f"{name}.key"]
            self.openssl("x509", "-req", "-in", "csr", *signer, "-days", str(days), "-extfile", "ext", "-out",
                         f"{name}.pem")

    @staticmethod
    def new_key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-subj",
                f"/CN={name}"]

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def context(self, name):
        return context_of(f"{self.folder}/{name}.pem", f"{self.folder}/{name}.key")

    def trusted(self, name="ca"):
        return f"ssl_verify: {self.folder}/{name}.pem\n"


def switch(case, good, bad):
    """The talk of a port: BAD while the case is faulty."""

    def talk(server, sock):
        if case.faulty:
            case.hits += 1
            bad(server, sock)
        else:
            good(server, sock)

    return talk


# Each endpoint below is called with the bench and the case; the rest is given where a fault is declared.


def plain(bench, _case):
    return Endpoint(f"http://127.0.0.1:{bench.server.plain_port}")


def ipv6(bench, _case):
    return Endpoint(f"http://[::1]:{bench.server.listen(talk_http, '::1')}")


def credentials(bench, _case):
    return Endpoint(f"http://{CREDENTIALS}@127.0.0.1:{bench.server.plain_port}")


def tls(bench, _case):
    port = bench.server.listen(over_tls(bench.certificates.context("good")))
    return Endpoint(f"https://127.0.0.1:{port}", (bench.certificates.trusted(), {}))


def tls_with(certificate, configuration=None):
    """A server with this certificate; the client trusts the authority, or has CONFIGURATION."""

    def endpoint(bench, case):
        good = over_tls(bench.certificates.context("good"))
        port = bench.server.listen(switch(case, good, over_tls(bench.certificates.context(certificate))))
        trusted = bench.certificates.trusted()
        bad = trusted if configuration is None else configuration
        return Endpoint(f"https://127.0.0.1:{port}", (trusted, {}), (bad, {}))

    return endpoint


def client_tls(configuration):
    """A good server; the client has CONFIGURATION."""

    def endpoint(bench, _case):
        found = tls(bench, _case)
        return Endpoint(found.base, found.good, (configuration, {}), seen=False)

    return endpoint


def tls_broken(bad):
    """A server that has BAD instead of TLS."""

    def endpoint(bench, case):
        port = bench.server.listen(switch(case, over_tls(bench.certificates.context("good")), bad))
        return Endpoint(f"https://127.0.0.1:{port}", (bench.certificates.trusted(), {}))

    return endpoint


# The alert of a server that knows TLS 1.1 only.
OLD_TLS = b"\x15\x03\x02\x00\x02\x02\x46"


def read_some(sock):
    return sock.recv(1 << 16)


def http2(bad, first=False):
    """A server whose HTTP/2 is BAD, on the FIRST connection only or on each; otherwise it speaks HTTP/1.1."""

    def endpoint(bench, case):
        certificates = bench.certificates

        def talk(server, sock):
            read_some(sock)  # preface and settings
            bad(sock)

        def choose(server, sock):
            context = certificates.context("good")
            use_bad = case.faulty and not (first and case.hits)
            context.set_alpn_protocols(["h2"] if use_bad else ["http/1.1"])
            case.hits += use_bad
            over_tls(context, talk if use_bad else talk_http)(server, sock)

        port = bench.server.listen(choose)
        return Endpoint(f"https://127.0.0.1:{port}", (certificates.trusted(), {}))

    return endpoint


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
STATUS_200 = b"\x88"


def proxy(bad=None, variables=None):
    """Everything through a proxy; while the case is faulty, this one is BAD, or the VARIABLES name another one."""

    def endpoint(bench, case):
        port = bench.server.listen(switch(case, talk_http, bad) if bad else talk_http)
        good = {"http_proxy": f"http://127.0.0.1:{port}"}
        other = good if variables is None else variables
        return Endpoint(f"http://{NO_HOST}", ("", good), ("", other), seen=variables is None)

    return endpoint


def talk_tunnel(_server, sock):
    """CONNECT as it should be."""
    lines = read_head(sock)
    if lines is None:
        return
    host, _, port = lines[0].split()[1].rpartition(":")
    with socket.create_connection((host, int(port)), 5) as other:
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        join(sock, other)


def tunnel(bad=None, login=False):
    """https through a proxy, whose CONNECT is BAD while the case is faulty; with LOGIN the proxy has credentials."""

    def endpoint(bench, case):
        web = bench.server.listen(over_tls(bench.certificates.context("good")))
        port = bench.server.listen(switch(case, talk_tunnel, bad) if bad else talk_tunnel)
        who = CREDENTIALS + "@" if login else ""
        return Endpoint(f"https://127.0.0.1:{web}",
                        (bench.certificates.trusted(), {"https_proxy": f"http://{who}127.0.0.1:{port}"}))

    return endpoint


def says(data):
    """A talk that reads a request and says DATA."""

    def talk(_server, sock):
        if read_head(sock) is not None:
            sock.sendall(data)

    return talk


def reads_and_says(data):
    """A talk that says DATA to whatever comes."""

    def talk(_server, sock):
        read_some(sock)
        sock.sendall(data)

    return talk


reads_and_leaves = reads_and_says(b"")
