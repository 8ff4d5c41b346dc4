"""Say in words what a TLS certificate is: for whom, from whom, until when; also of one that is not trusted.

To see the certificate that was refused, a connection is made that trusts everybody, and closed before a byte is
sent through it.

Source: RFC 5280 section 4.1.2, RFC 6125 section 6.4 (names of a service).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from txojobs.rest.service_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.x509 import Certificate

    from txojobs.rest.origin import Origin

_DAY_S = 86400


def days_left(certificate: Mapping[str, Any], *, now: float) -> float | None:
    """Return for how many days a trusted certificate is valid; None when it does not say."""
    until = certificate.get("notAfter")
    return None if until is None else (ssl.cert_time_to_seconds(until) - now) / _DAY_S


def issuer_of(certificate: Mapping[str, Any]) -> str:
    """Return who issued a trusted certificate, as `ssl.SSLSocket.getpeercert` tells it."""
    facts = {name: value for group in certificate.get("issuer", ()) for name, value in group}
    return clean_text(
        facts.get("organizationName") or facts.get("commonName") or "somebody unnamed", limit=80
    )


def certificate_at(origin: Origin, *, timeout_s: float) -> str:
    """Return in words which certificate an origin shows, trusted or not; an empty text when it shows none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        contextlib.suppress(OSError, ValueError),
        socket.create_connection((origin.host, origin.port), timeout=timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=origin.host) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
        return _words(shown) if shown else ""
    return ""


def _words(der: bytes) -> str:
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415  # heavy, and only for what is refused

    found = load_der_x509_certificate(der)
    issuer = clean_text(found.issuer.rfc4514_string(), limit=120) or "somebody unnamed"
    first, last = (_day(found, name) for name in ("not_valid_before", "not_valid_after"))
    return f"it is for {_names(found)}, from {issuer}, valid from {first} to {last}"


def _names(certificate: Certificate) -> str:
    from cryptography.x509 import ExtensionNotFound, SubjectAlternativeName  # noqa: PLC0415

    with contextlib.suppress(ExtensionNotFound, ValueError):
        named = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        return clean_text(", ".join(str(each.value) for each in named), limit=120)
    return clean_text(certificate.subject.rfc4514_string(), limit=120) or "nobody"


def _day(certificate: Certificate, name: str) -> str:
    moment: datetime | None = getattr(certificate, f"{name}_utc", None)  # since cryptography 42
    if moment is None:
        moment = getattr(certificate, name).replace(tzinfo=timezone.utc)
    return f"{moment:%Y-%m-%d}"
