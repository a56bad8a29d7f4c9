"""What hypothesis makes databags of: plausible values, and text that no one should write."""

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

BENT_BY_YAML = ["=", "<<", "0b_", "0x_", "2001-13-45", "2024-01-01 00:00", "9" * 400, "1.0e+400"]
"""Text that would reach the workload as something else, or not at all."""

PRINTABLE = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters=MARK), min_size=1, max_size=40
)
NAMES = PRINTABLE.filter(lambda name: len(name.encode()) <= 63 and name not in BENT_BY_YAML)

_LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
_DNS = st.builds(
    lambda labels, last: ".".join([*labels, last]),
    st.lists(_LABELS, max_size=4),
    _LABELS.filter(lambda label: not label.isdecimal()),
)
_ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
HOSTS = st.one_of(_DNS, _ADDRESSES)
ENDPOINTS = st.builds(Endpoint, host=HOSTS, port=st.integers(1, 65535))

OTHER_CA = """\
-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIUDba1uSGtIJbfFQwmTKGejFeRJewwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJdGVzdCBDQSAyMCAXDTI2MTEyNTEyMzYwM1oYDzIxMjYxMTAx
MTIzNjAzWjAUMRIwEAYDVQQDDAl0ZXN0IENBIDIwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARkBMc7YiXp6JARi3OykonLWyFFhywHdVQKyH3KHvEEY6gVrJGfeLk0
MiTA9rO7ZSWa+h74Jd/uEMINa6NHseuSo1MwUTAdBgNVHQ4EFgQUNOLHPH7d+gm3
YlqakyGunxjyAtYwHwYDVR0jBBgwFoAUNOLHPH7d+gm3YlqakyGunxjyAtYwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAsdKd8Q8N0b3LVH3h0Pi6
A4aZa4NjYNZT1ZewMkRl0WsCIQDCItXSaNxPAdjeag0mcF2Kzb3Sfde5krFXHQh6
y/okiw==
-----END CERTIFICATE-----
"""
"""A second CA certificate. Nobody has its key."""

PLAIN_LOOKING = [
    "a\N{NO-BREAK SPACE}b",
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}",
    "a\tb",
    "007",
    "2024-01-01",
    "0x1f",
    "yes",
    "null",
    "1e3",
]
"""Text that has to arrive as it is."""
