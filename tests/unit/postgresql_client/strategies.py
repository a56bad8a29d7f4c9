"""What hypothesis makes databags of: plausible values, and text that no one should write."""

import base64

from hypothesis import strategies as st

from postgresql_client import Endpoint

MARK = "\N{SNOWMAN}"
"""Stands in every secret value and nowhere else."""

AWKWARD = st.one_of(
    st.text(st.characters(exclude_categories=(), exclude_characters=MARK), max_size=40),
    st.text("0123456789", min_size=30, max_size=5000),  # more digits than int() takes
    st.sampled_from(["\0", "\ud800", "\N{RIGHT-TO-LEFT OVERRIDE}x", "a\nb", " ", "\x7f", "a\x85b"]),
)
"""Text with control characters, lone surrogates, and what else should not be there."""

PRINTABLE = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters=MARK), min_size=1, max_size=40
)
NAMES = PRINTABLE.filter(lambda name: len(name.encode()) <= 63)

_LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
_DNS = st.builds(
    lambda labels, last: ".".join([*labels, last]),
    st.lists(_LABELS, max_size=4),
    _LABELS.filter(lambda label: not label.isdecimal()),
)
_ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
HOSTS = st.one_of(_DNS, _ADDRESSES)
ENDPOINTS = st.builds(Endpoint, HOSTS, st.integers(1, 65535))

DERS = st.binary(min_size=1, max_size=200).map(lambda body: b"\x30" + body)


def pem(der: bytes, width: int = 64) -> str:
    """Return a certificate in PEM, in lines of some width."""
    text = base64.b64encode(der).decode()
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
