"""How many links are too many. Settings: {"links": 2, "score": 10}."""

import json
from dataclasses import dataclass

# Evidence takes values of 512 bytes; addresses are ASCII.
URL_MAX = 200


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


def shortened(url: str) -> str:
    """The beginning of an address, as evidence shows it."""
    return url if len(url) <= URL_MAX else url[:URL_MAX] + "..."
