"""Release packed charms to the channel latest/edge of Charmhub, or promote them from there.

Prints the released revisions in one line; progress and errors go to standard error. After a failure,
run the same command again: it uses the revisions that Charmhub has already.

Needs ``charmcraft`` and a login to Charmhub, and no Python package.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

CHARM = "fastapi-demo"
RESOURCE = "demo-server-image"
RISKS = ("edge", "beta", "candidate", "stable")
DUPLICATE = re.compile(
    r"already exists in the database\. Revision of the existing package is: (\d+)"
)


class ReleaseError(Exception):
    """A step of the release failed. The text repeats what Charmhub or charmcraft said."""


class Release(NamedTuple):
    """A revision of the charm with the resources that belong to it, each as ``NAME:REVISION``."""

    revision: int
    resources: tuple[str, ...]


def publish(charms: list[Path], image: str) -> list[Release]:
    """Upload the charms and their image, then release them to edge."""
    revisions = [upload("upload", str(charm), f"--name={CHARM}") for charm in charms]
    # Charmhub accepts a resource only after a charm that declares it.
    image_revision = upload("upload-resource", CHARM, RESOURCE, f"--image=docker://{image}")
    return release(
        [Release(revision, (f"{RESOURCE}:{image_revision}",)) for revision in revisions], "edge"
    )


def promote(risk: str) -> list[Release]:
    """Release what the next riskier channel has, with the same image."""
    source = f"latest/{RISKS[RISKS.index(risk) - 1]}"
    status = parse(charmcraft("status", CHARM, "--format=json"))
    releases = list(dict.fromkeys(released_to(source, status)))
    if not releases:
        raise ReleaseError(f"{source} has no revision of {CHARM}")
    if len({each.resources for each in releases}) > 1:
        raise ReleaseError(f"{source} has another image for each architecture: release there again")
    return release(releases, risk)


def upload(*arguments: str) -> int:
    """Return the revision of a file on Charmhub, after an upload if it is new there."""
    try:
        answer = parse(charmcraft(*arguments, "--format=json"))
    except ReleaseError as error:
        if found := DUPLICATE.search(str(error)):
            say(f"Charmhub has revision {found[1]} of it already")
            return int(found[1])
        raise
    match answer:
        case {"revision": int(revision)}:
            return revision
        case _:
            raise ReleaseError(f"charmcraft {arguments[0]} printed no revision: {answer}")


def release(releases: list[Release], risk: str) -> list[Release]:
    """Release revisions to a channel, and return them."""
    for revision, resources in releases:
        options = (f"--channel=latest/{risk}", *(f"--resource={each}" for each in resources))
        charmcraft("release", CHARM, f"--revision={revision}", *options)
    return releases


def charmcraft(*arguments: str) -> str:
    """Run charmcraft, and return what it prints to standard output."""
    command = ["charmcraft", *arguments]
    say(f"== {' '.join(command)}")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        return done.stdout
    match parse(done.stdout):
        case {"errors": [*errors]}:  # Charmhub refuses an upload
            why = "; ".join(reason(error) for error in errors)
        case _:
            why = f"{done.stdout}exit code {done.returncode}, see above"
    raise ReleaseError(f"{' '.join(command)}: {why}")


def reason(error: object) -> str:
    """Return one of Charmhub's reasons as text."""
    match error:
        case {"code": str(code), "message": str(message)}:
            return f"{code}: {message}"
        case _:
            return str(error)


def released_to(channel: str, status: object) -> list[Release]:
    """Return what ``charmcraft status`` says is released to a channel, for any architecture."""
    match status:
        case {"channel": str(name), "revision": int(revision), "resources": [*resources]}:
            options = sorted(f"{each['name']}:{each['revision']}" for each in resources)
            return [Release(revision, tuple(options))] if name == channel else []
        case {"mappings": [*nested]} | {"releases": [*nested]} | [*nested]:
            return [found for each in nested for found in released_to(channel, each)]
        case _:
            return []


def parse(output: str) -> object:
    """Return the JSON that charmcraft printed, None if it is none."""
    try:
        answer: object = json.loads(output)
    except ValueError:
        return None
    return answer


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


def digest_reference(text: str) -> str:
    """Accept the reference of an image only with a digest: a tag can move after the tests."""
    if "@sha256:" not in text:
        raise argparse.ArgumentTypeError(f"{text} has no digest")
    return text


def main() -> int:
    """Run the command; return 1 when a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    publishing = commands.add_parser("publish", help="upload charms, and release them to edge")
    publishing.add_argument("charms", nargs="+", type=Path, help="packed charms")
    publishing.add_argument("--image", required=True, type=digest_reference, help="NAME@DIGEST")
    publishing.set_defaults(run=lambda options: publish(options.charms, options.image))
    promoting = commands.add_parser("promote", help="release what the next riskier channel has")
    promoting.add_argument("risk", choices=RISKS[1:])
    promoting.set_defaults(run=lambda options: promote(options.risk))
    options = parser.parse_args()
    if os.environ.get("CHARMCRAFT_AUTH") == "":  # GitHub's value for a secret that is not set
        say('CHARMCRAFT_AUTH is empty: see "A release" in CONTRIBUTING.md')
        return 1
    try:
        releases = options.run(options)
    except ReleaseError as error:
        say(f"\nThe release ends here: {error}")
        return 1
    print(*(revision for revision, _ in releases))
    return 0


if __name__ == "__main__":
    sys.exit(main())
