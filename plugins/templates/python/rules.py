"""The rule itself, which needs nothing of Gatherly: test it like anything else."""

import json

SCORE = 10


def read(settings: str) -> int:
    """Reads the settings; a ValueError says what is wrong with them."""
    given = json.loads(settings) if settings.strip() else {}
    score = given.get("score", SCORE)
    if not isinstance(score, int):
        raise ValueError("`score` is a whole number")
    return score


def is_held(score: int, actor_score: int, urls: list[str]) -> bool:
    """Whether a text with links to these addresses waits for a moderator."""
    return actor_score < score and bool(urls)
