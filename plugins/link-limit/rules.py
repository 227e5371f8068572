"""What is a link, and how many are too many. Settings: {"links": 2, "score": 10}."""

import json
import re
from dataclasses import dataclass

LINK = re.compile(r"https?://[^\s)>\]]+")


@dataclass
class Limit:
    """People with less than `score` may write `links` links."""

    links: int = 2
    score: int = 10


def read(settings: str) -> Limit:
    """Reads the settings; a ValueError says what is wrong with them."""
    given = json.loads(settings) if settings.strip() else {}
    unknown = set(given) - {"links", "score"}
    if unknown:
        raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
    if not all(isinstance(value, int) for value in given.values()):
        raise ValueError("settings are whole numbers")
    return Limit(**given)


def spans(text: str) -> list[tuple[int, int]]:
    """Where the links are, in bytes."""
    found = []
    for match in LINK.finditer(text):
        start = len(text[: match.start()].encode())
        found.append((start, start + len(match.group().encode())))
    return found
