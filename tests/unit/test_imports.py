"""What an event costs before it does anything: imports."""

import subprocess
import sys

HEAVY = ("data_platform_helpers", "rich", "requests", "httpx", "urllib3", "aiohttp")


def test_the_charm_imports_nothing_heavy() -> None:
    """In a process of its own: this one has imported it all."""
    code = "import sys, charm, version; print('\\n'.join(sys.modules))"
    path = ":".join(sys.path)

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )

    packages = {name.partition(".")[0] for name in done.stdout.split()}
    assert "ops" in packages
    assert packages.isdisjoint(HEAVY)
