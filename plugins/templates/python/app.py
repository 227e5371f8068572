"""Holds links of members whose score is below the one in the settings. Each
class is one interface of the contract in wit/."""

import rules
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.content_before_publish import (
    Decision,
    Verdict_Allow,
    Verdict_Hold,
)
from wit_world.imports.types import Evidence

score = rules.SCORE


class Lifecycle(exports.Lifecycle):
    def configure(self, settings: str) -> None:
        global score
        try:
            score = rules.read(settings)
        except ValueError as error:
            raise Err(str(error)) from error


class ContentBeforePublish(exports.ContentBeforePublish):
    def decide(self, context, event, content) -> Decision:
        actor = context.actor
        if actor is None or not rules.is_held(score, actor.score, content.body):
            return Decision(Verdict_Allow(), [], [])
        evidence = Evidence("newcomer-links", "body", None, "a link", False)
        reason = "Links of new members are looked at before they appear."
        return Decision(Verdict_Hold(reason), [evidence], [])
