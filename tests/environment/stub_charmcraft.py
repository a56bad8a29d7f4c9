"""A charmcraft that takes a file for Charmhub: ``stub_charmcraft.py CHARMHUB COMMAND...``.

It prints what charmcraft 4.5 prints: results and refusals of uploads as JSON on standard output,
all other errors as text on standard error.
"""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path


class RefusedError(Exception):
    """Charmhub refuses an upload."""


class FailedError(Exception):
    """charmcraft fails."""


@dataclass
class Charmhub:
    """What Charmhub has of one charm. A revision is a position in a list, from 1."""

    charms: list[str] = field(default_factory=list)
    """The digest of every file."""
    images: list[str] = field(default_factory=list)
    releases: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """For each channel and architecture, the revision of the charm and its resources."""
    faults: dict[str, str] = field(default_factory=dict)
    """For a command, such as ``upload x.charm``: the reason to refuse it, or nothing for a timeout."""

    @classmethod
    def load(cls, file: Path) -> "Charmhub":
        """Return what is in a file."""
        return cls(**json.loads(file.read_text()))

    def save(self, file: Path) -> None:
        """Write all to a file."""
        file.write_text(json.dumps(asdict(self)))

    def run(self, command: list[str]) -> object:
        """Run a command of charmcraft; return what it prints."""
        match command:
            case ["upload", file, "--name=fastapi-demo", "--format=json"]:
                self._fail(f"upload {file}")
                digest = hashlib.sha3_384(Path(file).read_bytes()).hexdigest()
                if digest in self.charms:
                    raise RefusedError(
                        f"Cannot insert package. An upload with that digest (SHA3-384: '{digest}') "
                        "already exists in the database. Revision of the existing package is: "
                        f"{self.charms.index(digest) + 1}"
                    )
                self.charms.append(digest)
                return {"revision": len(self.charms)}
            case ["upload-resource", "fastapi-demo", name, image, "--format=json"]:
                self._fail(f"upload-resource {name}")
                if not self.charms:
                    raise FailedError("Issue while processing your request: [404] NOT FOUND.")
                # The image's file has new credentials, so it is new every time.
                self.images.append(image.removeprefix("--image="))
                return {"revision": len(self.images)}
            case ["release", "fastapi-demo", option, channel, *resources]:
                revision = option.removeprefix("--revision=")
                self._fail(f"release {revision}")
                if not 1 <= int(revision) <= len(self.charms):
                    raise FailedError("Issue while processing your request: [400] BAD REQUEST.")
                # The architectures take turns: every other revision is for arm64.
                architectures = self.releases.setdefault(channel.removeprefix("--channel="), {})
                architectures[("arm64", "amd64")[int(revision) % 2]] = [
                    revision,
                    *(each.removeprefix("--resource=") for each in resources),
                ]
                return None
            case ["status", "fastapi-demo", "--format=json"]:
                return self._status()
            case _:
                raise FailedError(f"Error: unrecognized arguments: {command}")

    def _fail(self, command: str) -> None:
        if reason := self.faults.get(command):
            raise RefusedError(reason)
        if command in self.faults:
            raise FailedError("Timeout polling Charmhub for upload status (after 60.5s).")

    def _status(self) -> object:
        if not self.releases:
            return {}
        channels = [f"latest/{risk}" for risk in ("stable", "candidate", "beta", "edge")]
        mappings = [
            {
                "base": {"name": "ubuntu", "channel": "24.04", "architecture": architecture},
                "releases": [
                    _row(channel, self.releases.get(channel, {}).get(architecture, []))
                    for channel in channels
                ],
            }
            for architecture in ("amd64", "arm64")
        ]
        return [{"track": "latest", "mappings": mappings}]


def _row(channel: str, released: list[str]) -> object:
    row = {"channel": channel, "expires_at": None}
    if not released:
        return row | {"status": "closed", "version": None, "revision": None, "resources": None}
    version, *resources = released
    named = [each.split(":") for each in resources]
    listed = [{"name": name, "revision": int(number)} for name, number in named]
    opened = {"status": "open", "version": version, "revision": int(version)}
    return row | opened | {"resources": listed}


def main() -> int:
    """Run one command; return its exit code."""
    file = Path(sys.argv[1])
    charmhub = Charmhub.load(file)
    try:
        print(json.dumps(charmhub.run(sys.argv[2:]), indent=4))
    except RefusedError as error:
        print(json.dumps({"errors": [{"code": "review-error", "message": str(error)}]}))
        return 1
    except FailedError as error:
        print(error, "Full execution log: '/root/charmcraft.log'", sep="\n", file=sys.stderr)
        return 1
    charmhub.save(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
