"""The faults of a network, and what lockenv is to make of each (see matrix.py).

A fault answers one request (server.Exchange). Its outcomes say, for each kind of request, how the command ends: OK,
or the exit code and a part of the one error line. A kind that has none of its own has that of `rest`; without `rest`
the fault does not apply to it.
"""
import email.utils
import gzip
import socket
import time

import endpoints as ends
from server import drip

KINDS = ("json", "zst", "index", "shard", "archive")
OK = "ok"
OLD = "ok, as before"
FAULTS = []


class Fault:
    def __init__(self, name, section, what, act, outcomes, endpoint):
        self.name, self.section, self.what, self.act = name, section, what, act
        self.outcomes, self.endpoint = outcomes, endpoint


def fault(section, what, endpoint=ends.plain, **outcomes):
    """The decorated function is the fault; WHAT the server does, in the words of the table."""

    def add(act):
        rest = outcomes.pop("rest", None)
        kinds = {kind: outcomes.pop(kind, rest) for kind in KINDS}
        assert not outcomes, outcomes
        kinds = {kind: outcome for kind, outcome in kinds.items() if outcome}
        FAULTS.append(Fault(act.__name__.replace("_", "-"), section, what, act, kinds, endpoint))
        return act

    return add


def once(act):
    """The first request gets ACT, later ones what is good."""

    def first(x):
        if x.nth == 1:
            act(x)
        else:
            x.good()

    first.__name__ = act.__name__
    return first


# --- connections that break off ---


@fault("breaks", "closes the connection without an answer, each time", rest="4: empty reply from server")
def hang_up(x):
    x.close()


@fault("breaks", "closes the connection without an answer, once", rest=OK)
@once
def hang_up_once(x):
    x.close()


@fault("breaks", "resets the connection, each time", rest="4: reset by peer")
def reset(x):
    x.reset()


@fault("breaks", "resets the connection in the middle of the body, each time", rest="4: reset by peer")
def reset_in_body(x):
    x.head("200 OK", "Content-Length: %d" % len(x.body))
    x.send(x.body[: len(x.body) // 2])
    time.sleep(0.05)
    x.reset()


@fault("breaks", "resets the connection in the middle of the body, once", rest=OK)
@once
def reset_in_body_once(x):
    reset_in_body(x)


@fault("breaks", "ends in the middle of the status line", rest="4: empty reply from server")
def cut_in_status(x):
    x.send(b"HTTP/1.1 20")
    x.close()


@fault("breaks", "ends in the middle of the headers, each time", rest="4: the answer ends before its body")
def cut_in_headers(x):
    x.send(b"HTTP/1.1 200 OK\r\nContent-Len")
    x.close()


@fault("breaks", "ends between two headers, once", rest=OK)
@once
def cut_between_headers_once(x):
    x.send(b"HTTP/1.1 200 OK\r\nServer: x\r\n")
    x.close()


@fault("breaks", "ends in the middle of the body, each time", rest="4: transfer closed with")
def cut(x):
    x.good(cut=len(x.body) // 2 if x.start is None else 0)


@fault("breaks", "ends in the middle of the body, once", rest=OK)
@once
def cut_once(x):
    x.broken()


@fault("breaks", "sends a chunked body and ends before its last chunk, each time", rest="4: transfer closed with")
def chunked_cut(x):
    x.head("200 OK", "Transfer-Encoding: chunked")
    half = x.body[: len(x.body) // 2]
    x.send(b"%x\r\n%s\r\n" % (len(half), half))
    x.close()


@fault("breaks", "the same, once", rest=OK)
@once
def chunked_cut_once(x):
    chunked_cut(x)


@fault("breaks", "sends no length and ends in the middle of the body, each time", json="4: the text ends in the middle",
       zst="4: ends within its zstd data", index="4: ends within its zstd data", shard="5: has not the sha256",
       archive="5: bytes, expected are")
def no_length_cut(x):
    x.head("200 OK", "Connection: close")
    x.send(x.body[: len(x.body) // 2])
    x.close()


@fault("breaks", "the same, once", json="4: the text ends in the middle", zst="4: ends within its zstd data",
       index="4: ends within its zstd data", rest=OK)
@once
def no_length_cut_once(x):
    no_length_cut(x)


# --- wrong lengths ---


@fault("lengths", "announces less than it sends", json="4: the text ends in the middle",
       zst="4: ends within its zstd data", index="4: ends within its zstd data", shard="5: has not the sha256",
       archive="5: bytes, expected are")
def length_short(x):
    x.head("200 OK", "Content-Length: %d" % (len(x.body) // 2))
    x.send(x.body)
    x.close()


@fault("lengths", "announces more than it sends, each time", rest="4: transfer closed with")
def length_long(x):
    x.head("200 OK", "Content-Length: %d" % (2 * len(x.body)))
    x.send(x.body)
    x.close()


@fault("lengths", "announces more than it sends, once", rest=OK)
@once
def length_long_once(x):
    length_long(x)


@fault("lengths", "sends the right body without a length", rest=OK)
def length_none(x):
    x.head("200 OK", "Connection: close")
    x.send(x.body)
    x.close()


@fault("lengths", "sends the right body in chunks of one byte to a thousand, with extensions and trailers", rest=OK)
def length_chunked(x):
    x.head("200 OK", "Transfer-Encoding: chunked", "Trailer: X-End")
    at, size = 0, 1
    while at < len(x.body):
        part = x.body[at : at + size]
        x.send(b"%X;ext=\"1\"\r\n%s\r\n" % (len(part), part))
        at, size = at + size, size * 3 % 1000 + 1
    x.send(b"0\r\nX-End: yes\r\n\r\n")


@fault("lengths", "announces a negative length", rest="4: invalid Content-Length")
def length_negative(x):
    x.head("200 OK", "Content-Length: -5")
    x.send(x.body)
    x.close()


@fault("lengths", "announces a length that is no number", rest="4: invalid Content-Length")
def length_text(x):
    x.head("200 OK", "Content-Length: many")
    x.send(x.body)
    x.close()


@fault("lengths", "announces 2^64 bytes, and ends after the right ones", rest=OK)
def length_absurd(x):
    x.head("200 OK", "Content-Length: 18446744073709551616")
    x.send(x.body)
    x.close()


@fault("lengths", "announces two lengths, of which the second is right", rest=OK)
def length_twice(x):
    x.head("200 OK", "Content-Length: 5", "Content-Length: %d" % len(x.body))
    x.send(x.body)
    x.close()


@fault("lengths", "sends a chunk whose length is no number", rest="4: chunked-encoding")
def chunk_text(x):
    x.head("200 OK", "Transfer-Encoding: chunked")
    x.send(b"zz\r\n%s\r\n0\r\n\r\n" % x.body)
    x.close()


@fault("lengths", "announces a chunk of 2^64 bytes", rest="4: chunked-encoding")
def chunk_absurd(x):
    x.head("200 OK", "Transfer-Encoding: chunked")
    x.send(b"10000000000000000\r\n%s\r\n" % x.body)
    x.close()


@fault("lengths", "never ends", index="4: larger than", shard="4: larger than", archive="5: larger than")
def endless(x):
    x.head("200 OK", "Connection: close")
    x.send(x.body)
    block = bytes(1 << 20)
    for _ in range(300):
        x.send(block)
    x.close()


# --- ranges ---


@fault("ranges", "a part (206) where the whole was asked for, each time", rest="4: a part that was not asked for")
def part_unasked(x):
    x.answer("206 Partial Content", x.body, "Content-Range: bytes 0-%d/%d" % (len(x.body) - 1, len(x.body)))


@fault("ranges", "a part (206) where the whole was asked for, once", rest=OK)
@once
def part_unasked_once(x):
    part_unasked(x)


@fault("ranges", "breaks off, then ignores the range", archive=OK)
def range_ignored(x):
    if x.nth == 1:
        x.broken()
    else:
        x.answer("200 OK", x.body)


@fault("ranges", "breaks off, then sends another range than asked", archive=OK)
def range_other(x):
    if x.nth == 2:
        part_unasked(x)
    elif x.nth == 1:
        x.broken()
    else:
        x.good()


@fault("ranges", "breaks off, then sends other bytes as the range asked", archive=OK)
def range_damaged(x):
    if x.start is None:
        x.good(len(x.body) // 2 if x.nth == 1 else None)
    else:
        x.head("206 Partial Content", "Content-Length: %d" % (len(x.body) - x.start),
               "Content-Range: bytes %d-%d/%d" % (x.start, len(x.body) - 1, len(x.body)))
        x.send(bytes(len(x.body) - x.start))


@fault("ranges", "breaks off, then sends a range without saying which", archive=OK)
def range_unsaid(x):
    if x.start is None:
        x.good(len(x.body) // 2 if x.nth == 1 else None)
    else:
        x.answer("206 Partial Content", x.body[x.start :])


@fault("ranges", "breaks off, then sends ranges as multipart/byteranges", archive=OK)
def range_multipart(x):
    if x.start is None:
        x.good(len(x.body) // 2 if x.nth == 1 else None)
    else:
        x.answer("206 Partial Content", b"--b\r\n\r\n" + x.body[x.start :] + b"\r\n--b--\r\n",
                 "Content-Type: multipart/byteranges; boundary=b")


@fault("ranges", "breaks off, then refuses the range (416)", archive=OK)
def range_refused(x):
    if x.start is None:
        x.good(len(x.body) // 2 if x.nth == 1 else None)
    else:
        x.answer("416 Range Not Satisfiable")


@fault("ranges", "breaks off, then sends the range asked and a byte more", archive=OK)
def range_longer(x):
    if x.start is None:
        x.good(len(x.body) // 2 if x.nth == 1 else None)
    else:
        x.answer("206 Partial Content", x.body[x.start :] + b"x",
                 "Content-Range: bytes %d-%d/%d" % (x.start, len(x.body), len(x.body) + 1))


@fault("ranges", "sends wrong bytes and breaks off, each time from where it stopped", archive="4: transfer closed with")
def range_wrong(x):
    x.body = bytes(len(x.body))
    x.headers.pop("if-range", None)
    x.good(cut=len(x.body) // 2 + 1)


@fault("ranges", "breaks off; afterwards it has another file (other ETag), the right one", archive=OK)
def etag_changed(x):
    if x.nth == 1:
        x.head("200 OK", "Content-Length: %d" % len(x.body), 'ETag: "before"')
        x.send(bytes(len(x.body) // 2))
        x.close()
    else:
        x.good()


@fault("ranges", "the same, but it sends the new file's range although it was asked for the old one's", archive=OK)
def etag_ignored(x):
    if x.start is not None:
        x.headers["if-range"] = x.etag
    etag_changed(x)


@fault("ranges", "breaks off; afterwards it has another file, a wrong one", archive="5: sha256")
def etag_changed_wrong(x):
    if x.nth == 1:
        x.broken()
    else:
        x.answer("200 OK", bytes(len(x.body)), 'ETag: "after"')


# --- statuses ---


@fault("statuses", "429 with Retry-After: 1, once", rest=OK)
@once
def retry_after_seconds(x):
    x.answer("429 Too Many Requests", b"slow down", "Retry-After: 1")


@fault("statuses", "503 with Retry-After as a date a second from now, once", rest=OK)
@once
def retry_after_date(x):
    x.answer("503 Service Unavailable", b"", "Retry-After: " + email.utils.formatdate(time.time() + 1, usegmt=True))


@fault("statuses", "503 with Retry-After as a date long past, once", rest=OK)
@once
def retry_after_past(x):
    x.answer("503 Service Unavailable", b"", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT")


@fault("statuses", "429 with Retry-After: -5, once", rest=OK)
@once
def retry_after_negative(x):
    x.answer("429 Too Many Requests", b"", "Retry-After: -5")


@fault("statuses", "429 with Retry-After: soon, once", rest=OK)
@once
def retry_after_text(x):
    x.answer("429 Too Many Requests", b"", "Retry-After: soon")


@fault("statuses", "429 with Retry-After of thirty thousand years", rest="4: limits requests (HTTP 429)")
def retry_after_absurd(x):
    x.answer("429 Too Many Requests", b"", "Retry-After: 999999999999")


@fault("statuses", "503 with Retry-After of more than 2^64 seconds", rest="4: HTTP 503")
def retry_after_overflow(x):
    x.answer("503 Service Unavailable", b"", "Retry-After: 99999999999999999999999999")


@fault("statuses", "500, once", rest=OK)
@once
def trouble_once(x):
    x.answer("500 Internal Server Error", b"sorry")


@fault("statuses", "502, each time", rest="4: the server answers HTTP 502")
def trouble(x):
    x.answer("502 Bad Gateway", b"<html>sorry</html>")


@fault("statuses", "404", json="4: was not found", zst=OK, index=OK, rest="4: the server does not have it (HTTP 404)")
def not_found(x):
    x.answer("404 Not Found", b"no")


@fault("statuses", "403", json="4: for you (HTTP 403)", zst=OK, index=OK, rest="4: access denied (HTTP 403)")
def forbidden(x):
    x.answer("403 Forbidden", b"no")


@fault("statuses", "401", rest="4: access denied (HTTP 401)")
def unauthorized(x):
    x.answer("401 Unauthorized", b"no", 'WWW-Authenticate: Basic realm="\x1b[31m"')


@fault("statuses", "402", rest="4: the server answers HTTP 402")
def payment(x):
    x.answer("402 Payment Required", b"no")


@fault("statuses", "204 without a body", json="4: HTTP 204", zst="4: HTTP 204", index="4: HTTP 204",
       shard="4: HTTP 204", archive="5: bytes, expected are")
def no_content(x):
    x.head("204 No Content")


@fault("statuses", "200 with an empty body", json="4: empty file", zst="4: empty file", index="4: empty file", shard="5: has not the sha256",
       archive="5: bytes, expected are")
def empty(x):
    x.answer("200 OK")


@fault("statuses", "304, although it has a newer file", json=OLD, zst=OLD, index=OLD,
       rest="4: the server answers HTTP 304")
def unmodified(x):
    x.head("304 Not Modified")


@fault("statuses", "a status of 999", rest="4: HTTP 999")
def status_999(x):
    x.answer("999 Whatever", b"no")


# --- redirects ---


@fault("redirects", "to the same address, for ever", rest="4: maximum (10) redirects followed")
def redirect_loop(x):
    x.answer("302 Found", b"", "Location: " + x.path)


@fault("redirects", "to ever longer addresses", rest="4: maximum (10) redirects followed")
def redirect_growing(x):
    x.answer("302 Found", b"", "Location: ?" + "x" * 1000 * x.nth)


@fault("redirects", "once around, then the file", rest=OK)
def redirect_back(x):
    if x.nth == 1:
        x.answer("307 Temporary Redirect", b"", "Location: " + x.path)
    else:
        x.good()


@fault("redirects", "to file:///etc/passwd", rest="4: not of the web, which is not followed")
def redirect_file(x):
    x.answer("302 Found", b"", "Location: file:///etc/passwd")


@fault("redirects", "to ftp://", rest="4: not of the web, which is not followed")
def redirect_ftp(x):
    x.answer("302 Found", b"", "Location: ftp://127.0.0.1/file")


@fault("redirects", "to gopher://", rest="4: not of the web, which is not followed")
def redirect_gopher(x):
    x.answer("302 Found", b"", "Location: gopher://127.0.0.1:25/_MAIL")


@fault("redirects", "to a port where nobody listens", rest="4: failed to connect")
def redirect_dead(x):
    x.answer("302 Found", b"", "Location: http://127.0.0.1:1/x")


@fault("redirects", "without saying where to", rest="4: HTTP 302")
def redirect_nowhere(x):
    x.answer("302 Found", b"see there")


@fault("redirects", "to an address that is none, with control characters in it", rest="4: could not be parsed")
def redirect_garbage(x):
    x.answer("302 Found", b"", "Location: http://\x1b[31m[::/\x07 x")


@fault("redirects", "from https to http", endpoint=ends.tls, rest="4: away from https, which is not followed")
def downgrade(x):
    x.answer("302 Found", b"", "Location: http://127.0.0.1:%d%s" % (x.server.plain_port, x.path))


# --- answers that are not HTTP ---


@fault("no-http", "bytes that are no HTTP", rest="4: HTTP/0.9")
def garbage(x):
    x.send(b"\x00\x01\x02\x1b[31m this is not HTTP\r\n\r\n")
    x.close()


@fault("no-http", "the file itself without any header (HTTP/0.9)", rest="4: HTTP/0.9")
def http09(x):
    x.send(x.body)
    x.close()


@fault("no-http", "HTTP/3.7", rest="4: unsupported HTTP version")
def http37(x):
    x.send(b"HTTP/3.7 200 OK\r\nContent-Length: %d\r\n\r\n" % len(x.body) + x.body)
    x.close()


@fault("no-http", "a status that is no number", rest="4: unsupported HTTP version")
def status_text(x):
    x.send(b"HTTP/1.1 fine\r\nContent-Length: %d\r\n\r\n" % len(x.body) + x.body)
    x.close()


@fault("no-http", "a NUL in a header", rest="4: nul byte in header")
def header_nul(x):
    x.head("200 OK", "Content-Length: %d" % len(x.body), "X-Nul: a\0b")
    x.send(x.body)
    x.close()


@fault("no-http", "a NUL and control characters in the ETag, and a reason phrase that paints", rest="4: nul byte in header")
def etag_nul(x):
    x.head("200 \x1b[31mOK", "Content-Length: %d" % len(x.body), 'ETag: "a\x1b[31m\0\x07b"')
    x.send(x.body)


@fault("no-http", "control characters in the ETag, and a reason phrase that paints", rest=OK)
def etag_control(x):
    x.head("200 \x1b[31mOK", "Content-Length: %d" % len(x.body), 'ETag: "a\x1b[31m\x07b"',
           "Cache-Control: \x1b[31m", "Last-Modified: \x7f\x80\xff")
    x.send(x.body)


@fault("no-http", "an ETag of 50000 bytes", rest=OK)
def etag_long(x):
    x.head("200 OK", "Content-Length: %d" % len(x.body), 'ETag: "%s"' % ("x" * 50000))
    x.send(x.body)


@fault("no-http", "a header of a megabyte", rest="4: a header that is too long")
def header_long(x):
    x.head("200 OK", "Content-Length: %d" % len(x.body), "X-Long: " + "x" * (1 << 20))
    x.send(x.body)
    x.close()


@fault("no-http", "headers without end", rest="4: headers without end")
def headers_endless(x):
    x.send(b"HTTP/1.1 200 OK\r\n")
    block = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 500) for i in range(1000))
    for _ in range(2048):
        x.send(block)
    x.close()


@fault("no-http", "a header without a colon", rest="4: header without colon")
def header_no_colon(x):
    x.head("200 OK", "no colon here", "Content-Length: %d" % len(x.body))
    x.send(x.body)
    x.close()


@fault("no-http", "a folded header, one without a value, one with a name of signs", rest=OK)
def headers_odd(x):
    x.head("200 OK", "X-Folded: a", "\tb", "X-Empty:", "!#$%&: c", "Content-Length: %d" % len(x.body))
    x.send(x.body)
    x.close()


@fault("no-http", "a hundred 103 answers before the right one", rest=OK)
def hints(x):
    for _ in range(100):
        x.head("103 Early Hints", "Link: </x>")
    x.good()


@fault("no-http", "answers 100 without end", rest="4: headers without end")
def continues_endless(x):
    block = b"HTTP/1.1 100 Continue\r\n\r\n" * 20000
    for _ in range(2048):
        x.send(block)
    x.close()


@fault("no-http", "101, and something else on the line from there", rest="4: the server answers HTTP 101")
def switching(x):
    x.head("101 Switching Protocols", "Upgrade: x", "Connection: upgrade")
    x.send(x.body)
    x.close()


@fault("no-http", "a second answer that nobody asked for", rest=OK)
def answer_twice(x):
    x.answer("200 OK", x.body)
    x.answer("200 OK", b"<html>poison</html>")


# --- contents ---


@fault("contents", "an HTML page with 200, as of a captive portal", json="4: expected an object", zst="4: is not zstd data",
       index="4: is not zstd data", shard="5: has not the sha256", archive="5: bytes, expected are")
def portal(x):
    x.answer("200 OK", b"<html><title>log in first</title></html>", "Content-Type: text/html")


@fault("contents", "a redirect to a captive portal's page", json="4: expected an object", zst="4: is not zstd data",
       index="4: is not zstd data", shard="5: has not the sha256", archive="5: bytes, expected are")
def portal_redirect(x):
    if "?login" in x.path:
        portal(x)
    else:
        x.answer("302 Found", b"", "Location: ?login=" + x.path.split("/")[-1])


def flipped(body, at):
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


@fault("contents", "the first byte changed", json="4: expected an object", zst="4: is not zstd data",
       index="4: is not zstd data", shard="5: has not the sha256",
       archive="5: sha256")
def corrupt_first(x):
    x.answer("200 OK", flipped(x.body, 0))


@fault("contents", "a byte in the middle changed", zst="4: is damaged", index="4: is damaged", shard="5: has not the sha256",
       archive="5: sha256")
def corrupt(x):
    x.answer("200 OK", flipped(x.body, len(x.body) // 2))


@fault("contents", "the last byte missing", json="4: the text ends in the middle",
       zst="4: ends within its zstd data", index="4: ends within its zstd data", shard="5: has not the sha256",
       archive="5: bytes, expected are")
def shorter(x):
    x.answer("200 OK", x.body.rstrip()[:-1])


@fault("contents", "a byte too much", json="4: something follows the document",
       zst="4: trailing garbage", index="4: trailing garbage", shard="5: has not the sha256",
       archive="5: larger than")
def longer(x):
    x.answer("200 OK", x.body + b"x")


@fault("contents", "compressed by gzip, which was not asked for", json="4: expected an object",
       zst="4: is not zstd data", index="4: is not zstd data", shard="5: has not the sha256", archive="5: bytes, expected are")
def encoded(x):
    x.answer("200 OK", gzip.compress(x.body[:5000]), "Content-Encoding: gzip")


@fault("contents", "says that it is compressed, and is not", rest=OK)
def encoded_not(x):
    x.answer("200 OK", x.body, "Content-Encoding: gzip")


@fault("contents", "10 MB of gzip that hold 10 GB", json="4: expected an object",
       zst="4: is not zstd data", index="4: is not zstd data", shard="5: has not the sha256",
       archive="5: larger than")
def gzip_bomb(x):
    x.answer("200 OK", x.server.gzip_bomb, "Content-Encoding: gzip")


@fault("contents", "zstd that holds 8 GB", json="4: expected an object", zst="4: larger than",
       index="4: larger than", shard="5: has not the sha256", archive="5: bytes, expected are")
def zstd_bomb(x):
    x.answer("200 OK", x.server.zstd_bomb)


# --- time ---


@fault("time", "takes its time, byte by byte", rest=OK)
def slow(x):
    x.head("200 OK", "Content-Length: %d" % len(x.body))
    x.send(x.body[:-20])
    drip(x, x.body[-20:], 0.02)


@fault("time", "sends a byte every tenth of a second, each time", rest="4: bytes a second for")
def drips(x):
    x.head("200 OK", "Content-Length: %d" % len(x.body))
    drip(x, x.body, 0.1)


@fault("time", "accepts, and says nothing, each time", rest="4: bytes a second for")
def stall(x):
    x.stall()


@fault("time", "accepts, and says nothing, once", rest=OK)
@once
def stall_once(x):
    x.stall()


@fault("time", "stops in the middle of the headers, each time", rest="4: bytes a second for")
def stall_in_headers(x):
    x.send(b"HTTP/1.1 200 OK\r\nContent-")
    x.stall()


@fault("time", "stops in the middle of the body, each time", rest="4: bytes a second for")
def stall_in_body(x):
    x.head("200 OK", "Content-Length: %d" % len(x.body))
    x.send(x.body[: len(x.body) // 2])
    x.stall()


@fault("time", "stops in the middle of the body, once", rest=OK)
@once
def stall_in_body_once(x):
    stall_in_body(x)


# --- TLS ---


def at(section, name, what, endpoint, **outcomes):
    """A fault that lies in the endpoint, so that the first request of a command meets it."""

    def act(x):
        x.good()

    act.elsewhere = True
    act.__name__ = name
    rest = outcomes.pop("rest", None)
    outcomes = outcomes or {"json": rest, "index": rest, "archive": rest}
    fault(section, what, endpoint, **outcomes)(act)


at("tls", "other_host", "a certificate for another host", ends.tls_with("other-host"), rest="4: no alternative certificate subject name matches")
at("tls", "expired", "a certificate that has expired", ends.tls_with("expired"), rest="4: certificate has expired")
at("tls", "other_ca", "a certificate of an authority that is not trusted", ends.tls_with("other-ca"),
   rest="4: unable to get local issuer certificate")
at("tls", "self_signed", "a self-signed certificate", ends.tls_with("self"), rest="4: self-signed certificate")
at("tls", "mistrusted", "a good certificate, of an authority that the client was not told of", ends.client_tls(""),
   rest="4: unable to get local issuer certificate")
at("tls", "unverified", "a self-signed certificate, and the client has ssl_verify: false", ends.tls_with("self", "ssl_verify: false\n"),
   rest=OK)
at("tls", "no_ca", "the client's ssl_verify names a file that is not there",
   ends.client_tls("ssl_verify: /nonexistent/ca.pem\n"), rest="2: ssl_verify: ")
at("tls", "plain_http", "plain HTTP where TLS is expected",
   ends.tls_broken(ends.reads_and_says(b"HTTP/1.1 400 Bad Request\r\n\r\n")), rest="4: wrong version number")
at("tls", "no_handshake", "closes the connection in the handshake", ends.tls_broken(ends.reads_and_leaves),
   rest="4: SSL_connect")
at("tls", "old_tls", "TLS 1.1 only", ends.tls_broken(ends.reads_and_says(ends.OLD_TLS)),
   rest="4: alert protocol version")


@fault("tls", "ends the connection in the middle of the body without a farewell, no length, once",
       ends.tls, json="4: the text ends in the middle", zst="4: ends within its zstd data",
       index="4: ends within its zstd data", rest=OK)
@once
def tls_cut_once(x):
    x.head("200 OK", "Connection: close")
    x.send(x.body[: len(x.body) // 2])
    x.sock.shutdown(socket.SHUT_RDWR)
    x.close()


# --- HTTP/2 ---


def h2(name, what, bad, rest):
    at("http2", name + "_once", what + ", once", ends.http2(bad, True), rest=OK)
    if rest:
        at("http2", name, what + ", each time", ends.http2(bad), rest=rest)


def h2_says(*frames):
    def bad(sock):
        sock.sendall(ends.frame(ends.SETTINGS, 0, 0) + b"".join(frames))
        sock.settimeout(0.5)
        while ends.read_some(sock):
            pass

    return bad


def h2_flood(block):
    def bad(sock):
        sock.sendall(ends.frame(ends.SETTINGS, 0, 0))
        for _ in range(20000):
            sock.sendall(block)

    return bad


h2("goaway", "GOAWAY instead of an answer", h2_says(ends.frame(ends.GOAWAY, 0, 0, bytes(7) + b"\x02")), "4: cannot download")
h2("refused", "refuses the stream", h2_says(
    ends.frame(ends.RST, 0, 1, b"\0\0\0\7"), ends.frame(ends.RST, 0, 3, b"\0\0\0\7")), "4: cannot download")
h2("stream_reset", "resets the stream in the middle of the body", h2_says(
    *[ends.frame(ends.HEADERS, 4, n, ends.STATUS_200) + ends.frame(ends.DATA, 0, n, b"{") +
      ends.frame(ends.RST, 0, n, b"\0\0\0\2") for n in (1, 3)]), "4: cannot download")
h2("no_frames", "bytes that are no HTTP/2", h2_says(b"\xff" * 100), "4: cannot download")
h2("bad_headers", "headers that cannot be decoded", h2_says(ends.frame(ends.HEADERS, 4, 1, b"\xff" * 20)),
   "4: cannot download")
h2("continuations", "headers without end",
   h2_flood(b"".join(ends.frame(ends.CONTINUATION if i else ends.HEADERS, 0, 1, b"\x00\x01a\x7f\xf1\x07" + b"b" * 1136)
                     for i in range(2000))), "4: cannot download")
h2("pings", "pings without end", h2_flood(ends.frame(ends.PING, 0, 0, bytes(8)) * 1000), "4: cannot download")


# --- proxies ---


at("proxies", "proxy_dead", "nobody listens", ends.proxy(variables={"http_proxy": "http://127.0.0.1:1"}),
   rest="4: failed to connect")
at("proxies", "proxy_unknown", "its name does not resolve",
   ends.proxy(variables={"http_proxy": "http://proxy.invalid:3128"}), rest="4: could not resolve proxy")
at("proxies", "proxy_garbage", "its address is none", ends.proxy(variables={"http_proxy": "http://[::"}),
   rest="4: unsupported proxy syntax")
at("proxies", "proxy_hangs_up", "closes the connection", ends.proxy(ends.reads_and_leaves), rest="4: empty reply")
at("proxies", "proxy_login", "wants a login (407)", ends.proxy(ends.says(
    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 2\r\n\r\nno')),
   rest="4: the proxy wants a user and password (HTTP 407)")
at("proxies", "proxy_gateway", "cannot reach the server (502)", ends.proxy(ends.says(
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno")), rest="4: HTTP 502")
at("proxies", "proxy_page", "sends a page of its own with 200", ends.proxy(ends.says(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>")), json="4: expected an object",
   zst="4: is not zstd data", index="4: is not zstd data", archive="5: size is 6 bytes")


@fault("proxies", "is as it should be, and the server behind it breaks off once", ends.proxy(), rest=OK)
@once
def proxy_cut_once(x):
    x.broken()


TUNNEL = "HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nno"


def connect(name, what, data, rest, **more):
    at("proxies", "connect_" + name, what, ends.tunnel(ends.says(data.encode("latin-1")), **more), rest=rest)


connect("forbidden", "forbids CONNECT (403)", TUNNEL % "403 Forbidden",
        "4: CONNECT tunnel failed, response 403")
connect("login", "wants a login for CONNECT (407)", TUNNEL % "407 Proxy Authentication Required",
        "4: CONNECT tunnel failed, response 407")
connect("login_wrong", "does not take the login that it is given (407)", TUNNEL % "407 Proxy Authentication Required",
        "4: CONNECT tunnel failed, response 407", login=True)
connect("gateway", "cannot reach the server (502 to CONNECT)", TUNNEL % "502 Bad Gateway", "4: CONNECT tunnel failed, response 502")
connect("garbage", "says that it is connected, and sends garbage", "HTTP/1.1 200 OK\r\n\r\n" + "garbage " * 1000,
        "4: wrong version number")
connect("lies", "says that it is connected, and answers itself without TLS",
        "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "4: wrong version number")
connect("headers", "answers CONNECT with headers without end", "HTTP/1.1 200 OK\r\n" + "X-Y: z\r\n" * 100000,
        "4: headers without end")
connect("no_http", "answers CONNECT with bytes that are no HTTP", "\0\1\2\3\x1b[31m\r\n\r\n", "4: CONNECT tunnel failed")
at("proxies", "connect_hangs_up", "closes the connection on CONNECT", ends.tunnel(ends.reads_and_leaves),
   rest="4: proxy CONNECT aborted")


@fault("proxies", "tunnels as it should, and the server behind it breaks off once", ends.tunnel(), rest=OK)
@once
def connect_cut_once(x):
    x.broken()


# --- names ---


at("names", "no_such_host", "its name does not resolve", ends.proxy(variables={}), rest="4: could not resolve host")


@fault("names", "is at an IPv6 address, and breaks off once", ends.ipv6, rest=OK)
@once
def ipv6_cut_once(x):
    x.broken()


@fault("names", "is given with credentials, which are not shown, and hangs up", ends.credentials, json="4: empty reply",
       zst="4: empty reply", index="4: empty reply", shard="4: empty reply")
def credentials_hang_up(x):
    x.close()
