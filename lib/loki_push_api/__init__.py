"""The requirer's side of the ``loki_push_api`` interface (v1), typed from end to end.

A :class:`LogForwarder` makes Pebble forward a service's log to every related Loki.
"""

from ._forwarder import LogForwarder

__all__ = ["LogForwarder"]
