"""Write what packed charms contain, as a CycloneDX SBOM: ``make sbom CHARM=FILE.charm``."""

import argparse
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

SBOM = Path("sbom.cdx.json")
PACKED = re.compile(r"venv/lib/[^/]+/site-packages/([^/]+)-([^/-]+)\.dist-info/METADATA")


def packed(charm: Path) -> set[str]:
    """Return the Python packages in the environment of a packed charm, each as ``NAME==VERSION``."""
    with zipfile.ZipFile(charm) as archive:
        found = [PACKED.fullmatch(name) for name in archive.namelist()]
    return {f"{normalized(match[1])}=={match[2]}" for match in found if match}


def listed(sbom: object) -> set[str]:
    """Return the Python packages of an SBOM in the same form."""
    match sbom:
        case {"components": [*components]}:
            return {package for each in components for package in listed(each)}
        case {"name": str(name), "version": str(version)}:
            return {f"{normalized(name)}=={version}"}
        case _:
            return set()


def normalized(name: str) -> str:
    """Return a package's name in the form that the package index uses."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Write the SBOM; return 1 when a charm has other packages than it lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("charms", nargs="+", type=Path)
    charms: list[Path] = parser.parse_args().charms
    uv = Path(sys.executable).with_name("uv")
    export = ["export", "--quiet", "--preview-features=sbom-export", "--format=cyclonedx1.5"]
    subprocess.run([uv, *export, "--no-dev", f"--output-file={SBOM}"], check=True)
    sbom: object = json.loads(SBOM.read_text())
    for charm in charms:
        if different := packed(charm) ^ listed(sbom):
            print(f"{charm} and {SBOM} differ in {', '.join(sorted(different))}")
            return 1
        print(f"{SBOM} lists the {len(packed(charm))} packages in {charm}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
