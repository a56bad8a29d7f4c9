"""The workload's program, simulated."""

__version__ = "1.0.2"
