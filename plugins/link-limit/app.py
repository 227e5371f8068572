"""Holds texts of newcomers with many links."""

import rules
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.content_before_publish import (
    Decision,
    Verdict_Allow,
    Verdict_Hold,
)
from wit_world.imports.types import Evidence, Feature, Finding_Feature

limit = rules.Limit()


class Lifecycle(exports.Lifecycle):
    def configure(self, settings: str) -> None:
        global limit
        try:
            limit = rules.read(settings)
        except ValueError as error:
            raise Err(str(error)) from error


def url(link) -> Finding_Feature:
    return Finding_Feature(Feature("url", rules.shortened(link.url)))


class ContentBeforePublish(exports.ContentBeforePublish):
    def decide(self, context, event, content) -> Decision:
        # The links that readers can follow, however the Markdown writes them.
        rendered = event.rendered()
        links = rendered.links if rendered else []
        newcomer = context.actor is not None and context.actor.score < limit.score
        if not newcomer or len(links) <= limit.links:
            return Decision(Verdict_Allow(), [], [])
        evidence = [
            Evidence("link-limit", None, url(link), "a link", True)
            for link in links[:32]
        ]
        reason = "That is a lot of links. A moderator will have a look."
        return Decision(Verdict_Hold(reason), evidence, [])
