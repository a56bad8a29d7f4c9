"""What the functional tests, the demo and the benchmark run on.

Pebble, PostgreSQL and the server are real. ``ops.testing`` simulates Juju.
"""
