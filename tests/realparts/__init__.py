"""The real parts that the demo and the functional tests share.

Pebble, PostgreSQL and the server are real; Juju alone is played, by ``ops.testing``.
"""
