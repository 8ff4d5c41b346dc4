"""The named faults of the fault server, grouped by what a client must make of them."""

from __future__ import annotations

from tests.rest import fault_server as fault
from tests.rest.fault_server import Step, answer, says

GOOD = says({"fine": True})
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

LOST: dict[str, Step] = {
    "closed before the answer": fault.hang_up,
    "reset before the answer": fault.reset_after(),
    "reset in the status line": fault.reset_after(b"HTTP/1.1 20"),
    "reset in the headers": fault.reset_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "reset in the body": fault.reset_after(OK_HEAD + b'Content-Length: 100\r\n\r\n{"fine'),
    "shorter than declared": fault.short_length,
    "a chunk that is none": fault.bad_chunk,
    **{
        f"a chunk of the size {size[:9]}": fault.chunk_of_size(size)
        for size in ("-1", "-5", "+2", "0x2", "1_0", "", "9" * 5000)
    },
    "chunks without an end": fault.cut_chunks,
    **{
        f"a length of {length[:12]}": fault.raw(
            OK_HEAD + f"Content-Length: {length}\r\n\r\n".encode() + b"{}"
        )
        for length in ("-1", "+2", "0x2", "2, 3", "9" * 5000)
    },
    **{
        f"a line that is no header: {line!a}": fault.raw(
            OK_HEAD + b"Content-Length: 2\r\n" + line + b"\r\nLink: </2>; rel=next\r\n\r\n{}"
        )
        for line in (b"nonsense", b"X Y: z", b"X : y", b"X: y\rz", b"X: y\nz")
    },
    "another protocol": fault.raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n{}"),
    "gzip cut, no length": fault.packed(b'{"fine": true}' * 50, keep=30),
    "gzip cut, length of the cut": fault.packed(b'{"fine": true}' * 50, keep=30, declare=True),
    "gzip cut, in chunks": fault.chunked(b"\x1f\x8b\x08\x00", Content_Encoding="gzip"),
    "gzip that is none": answer(200, b"{}", Content_Encoding="gzip", content_type="application/json"),
    "no HTTP at all": fault.raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a header without an end": fault.raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
    "too many headers": fault.raw(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n"),
}
"""The answer did not arrive whole: asked again, and a change may have been carried out."""

UNREADABLE: dict[str, Step] = {
    "plain body cut, no length": fault.raw(OK_HEAD + b'\r\n{"fine": tr'),
    "login page with 200": fault.html_login(),
    "empty 200": fault.empty_200,
    "no JSON": answer(200, b'{"fine": }', content_type="application/json"),
    "NaN is no JSON": answer(200, b'{"fine": NaN}', content_type="application/json"),
    "Infinity is no JSON": answer(200, b'{"fine": -Infinity}', content_type="application/json"),
    "a number beyond all bounds": answer(200, b'{"fine": 1e999999}', content_type="application/json"),
    "5,000 digits": answer(200, b'{"fine": ' + b"9" * 5000 + b"}", content_type="application/json"),
    "100,000 brackets": answer(200, b"[" * 100_000, content_type="application/json"),
    "JSON in Latin-1": answer(200, '{"fine": "\u00f6"}'.encode("latin-1"), content_type="application/json"),
    "a tail after the JSON": answer(200, b'{"fine": true} x', content_type="application/json"),
}
"""A whole answer that is none: asked once more."""

BUSY: dict[str, Step] = {
    "503": answer(503, b"busy"),
    "500": answer(500),
    "502 from a gateway": fault.html_login(502),
    "504": answer(504),
    "408": answer(408),
    "429": answer(429),
}
"""A status that may pass."""

PASSING: dict[str, Step] = {**LOST, **UNREADABLE, **BUSY}
"""After each of these the same request may succeed."""

FINAL_BODIES: dict[str, tuple[Step, str]] = {
    "longer than allowed": (answer(200, b"x" * 2000, content_type="application/json"), "2,000 bytes"),
    "longer than allowed, in chunks": (fault.chunked(b"x" * 600, b"x" * 600), "longer than the 1,024 bytes"),
    "endless": (fault.endless, "longer than"),
    "longer than allowed when unpacked": (fault.packed(b" " * 200_000), "longer than"),
    "packed as nobody asked": (answer(200, b"x", Content_Encoding="br"), "'br'"),
}
"""Bodies that are given up at once, with the words of the error, where 1,024 bytes are allowed."""

SILENT: dict[str, Step] = {
    "silence": fault.silence_after(),
    "silence in the headers": fault.silence_after(b"HTTP/1.1 200 OK\r\nContent-"),
    "silence in the body": fault.silence_after(OK_HEAD + b"Content-Length: 10\r\n\r\n{"),
    "silence between chunks": fault.silence_after(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
    ),
    "a status line that drips": fault.drip(b""),
    "headers that drip": fault.drip(b"HTTP/1.1 200 OK\r\nX-Drip: "),
    "a body that drips": fault.drip(OK_HEAD + b"Content-Length: 100000\r\n\r\n{"),
}
"""Each would take for ever."""
