"""What an event costs: the charm's own ``dispatch``, run for the events of a unit's life.

Juju alone is played, by stubs of its hook tools; Pebble and the server are real.
"""
