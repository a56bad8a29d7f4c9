"""What the functional tests, the demo and the benchmark run on.

Pebble, PostgreSQL and the server are real. Juju is simulated: by ``ops.testing`` where the charm
runs in this process (``stages``), or by stubs of the hook tools where its ``dispatch`` runs as it
does on a unit (``dispatched_unit``).
"""
