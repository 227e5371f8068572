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
from wit_world.imports.types import Evidence, Feature, Finding_Feature

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
        # The links that readers can follow, however the Markdown writes them.
        rendered = event.rendered()
        urls = [link.url for link in rendered.links] if rendered else []
        if actor is None or not rules.is_held(score, actor.score, urls):
            return Decision(Verdict_Allow(), [], [])
        finding = Finding_Feature(Feature("url", urls[0][:100]))
        evidence = Evidence("newcomer-links", None, finding, "a link", False)
        reason = "Links of new members are looked at before they appear."
        return Decision(Verdict_Hold(reason), [evidence], [])
