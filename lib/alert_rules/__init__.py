"""Alert rules for the peers of an application: read from files, bound to the application.

:class:`AlertRules` are PromQL or LogQL alike. :class:`Topology` says which application it is.
:class:`Objection` is what a peer says is wrong with them.
"""

from ._peer import Objection, OneLine, load_or_none
from ._rules import PLACEHOLDER, AlertGroup, AlertRule, AlertRules, AlertRulesError
from ._topology import JujuName, Topology

__all__ = [
    "PLACEHOLDER",
    "AlertGroup",
    "AlertRule",
    "AlertRules",
    "AlertRulesError",
    "JujuName",
    "Objection",
    "OneLine",
    "Topology",
    "load_or_none",
]
