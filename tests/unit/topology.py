"""The model that the units of these tests are in, and text that peers should not write."""

from hypothesis import strategies as st
from ops.testing import Model

MODEL = Model(name="demo", uuid="2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10")
IDENTIFIER = "demo_2f8d4f2e_application"
MATCHERS = (
    'juju_model="demo", '
    'juju_model_uuid="2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10", '
    'juju_application="application"'
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
VALUES = _JSON
"""Any value of JSON."""

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.sampled_from(["{", "[" * 100_000, "nul", '"\\ud800"', "\ud800", "9" * 5000, "NaN", "\0"]),
)
"""Text that is mostly no JSON at all, with lone surrogates and control characters."""
