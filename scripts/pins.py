"""Replace every pinned version in pyproject.toml with the newest: ``make pins``."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path("pyproject.toml")
LOCK = Path("uv.lock")
PINS = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Resolve without the pins, then write the result as the new pins."""
    text = PROJECT.read_text()
    PROJECT.write_text(PINS.sub("constraint-dependencies = []\n", text))
    try:
        subprocess.run([Path(sys.executable).with_name("uv"), "lock", "--upgrade"], check=True)
        packages = tomllib.loads(LOCK.read_text())["package"]
        pins = sorted(
            f"{package['name']}=={package['version']}"
            for package in packages
            if "registry" in package["source"]
        )
        lines = "".join(f'    "{pin}",\n' for pin in pins)
        text = PINS.sub(f"constraint-dependencies = [\n{lines}]\n", text)
    finally:
        PROJECT.write_text(text)


if __name__ == "__main__":
    main()
