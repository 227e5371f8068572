//! The table of retention: what is kept where, how long, and why.

use std::time::Duration;

use crate::{db::once, jobs, mail, notifications, profiles, sessions, webhooks};

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until the account is closed.
    Account,
    /// Until the time is over.
    For(Duration),
    /// So many days as this setting says.
    Days(&'static str),
    /// Until something else is gone, in words.
    While(&'static str),
    /// It is not erased.
    Always,
}

/// One kind of personal data.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is, in words.
    pub what: &'static str,
    /// Where it is: `table.column`.
    pub columns: &'static [&'static str],
    /// How long it is kept.
    pub keep: Keep,
    /// Why, and what else ends it.
    pub why: &'static str,
}

/// The setting for texts that their authors deleted or replaced.
const TEXT_DAYS: Keep = Keep::Days("retention.text_days");
/// The setting for what people wrote to moderators, and moderators about them.
const CASE_DAYS: Keep = Keep::Days("retention.case_days");
/// The setting for what plugins were asked and said.
const DECISION_DAYS: Keep = Keep::Days("decisions.keep_days");

/// Every kind of personal data that the server keeps.
pub const TABLE: &[Kind] = &[
    Kind {
        what: "Name, address, biography and password (hashed) of an account",
        columns: &[
            "accounts.username",
            "accounts.username_key",
            "accounts.name_key",
            "accounts.look_alike_key",
            "accounts.email",
            "accounts.email_key",
            "accounts.verified_key",
            "accounts.pending_email",
            "accounts.password_hash",
            "accounts.bio",
        ],
        keep: Keep::Account,
        why: "The account cannot be used without them.",
    },
    Kind {
        what: "Biographies that an admin removed",
        columns: &["removed_profiles.bio"],
        keep: Keep::For(profiles::KEEP_REMOVED),
        why: "So that they can be restored. They go with the account.",
    },
    Kind {
        what: "What an account wants to be told",
        columns: &["notification_preferences.muted", "digests.token"],
        keep: Keep::Account,
        why: "They hold no words; a digest's token ends the digests.",
    },
    Kind {
        what: "Browsers that sessions were begun with",
        columns: &["sessions.user_agent"],
        keep: Keep::For(sessions::KEEP_ENDED),
        why: "Counted from the end of the session: people look who was signed in as them.",
    },
    Kind {
        what: "Posts and comments",
        columns: &[
            "posts.title",
            "posts.body",
            "posts.body_html",
            "comments.body",
            "comments.body_html",
            "posts.terms",
            "comments.terms",
            "posts.words",
            "comments.words",
            "posts_search.terms",
            "posts_search_data.block",
            "posts_search_idx.term",
            "comments_search.terms",
            "comments_search_data.block",
            "comments_search_idx.term",
        ],
        keep: TEXT_DAYS,
        why: "Counted from when the author deleted the text, and longer while a report of it \
              waits: a report or an appeal may need it. A text that is not deleted stays, \
              under a name that says nothing once the account is closed.",
    },
    Kind {
        what: "Earlier versions of posts and comments, and edits that wait",
        columns: &["revisions.title", "revisions.body"],
        keep: TEXT_DAYS,
        why: "Counted from when the version was replaced. An edit that waits stays until a \
              moderator has decided. Both go with the text at the latest.",
    },
    Kind {
        what: "What plugins were asked and said about texts and people",
        columns: &[
            "hook_events.input",
            "decisions.message",
            "decisions.patch",
            "decisions.evidence",
            "decisions.effects",
            "decisions.refused_effects",
            "decisions.reads",
            "decisions.input",
            "decisions.fault_detail",
            "effects.payload",
        ],
        keep: DECISION_DAYS,
        why: "So that a decision can be explained, appealed and taken back. The question is \
              erased as soon as the author deletes the text or closes the account.",
    },
    Kind {
        what: "What plugins remember of an account",
        columns: &[
            "plugin_state.key",
            "plugin_state.member",
            "plugin_state.value",
            "plugin_state.subject",
        ],
        keep: Keep::Account,
        why: "Plugins name the account that a value is about, or when it expires.",
    },
    Kind {
        what: "Differences that trials of plugins found",
        columns: &["replay_differences.message", "replays.error"],
        keep: Keep::Always,
        why: "A plugin's words on recorded questions, without the texts.",
    },
    Kind {
        what: "Reasons of reports",
        columns: &["reports.reason", "review_items.reason"],
        keep: CASE_DAYS,
        why: "Counted from when they were made: a report may be read again with an appeal.",
    },
    Kind {
        what: "Copies of what was reported or held",
        columns: &[
            "frozen_copies.author",
            "frozen_copies.title",
            "frozen_copies.body",
            "frozen_copies.bio",
        ],
        keep: Keep::Days("retention.copy_days"),
        why: "Counted from when a moderator has decided: whoever decides, and whoever decides \
              an appeal, reads what was reported, whatever its author did since.",
    },
    Kind {
        what: "Texts of appeals, and the notes of who decided",
        columns: &["appeals.text", "appeals.note", "review_items.note"],
        keep: CASE_DAYS,
        why: "Counted from when the appeal or the item was made.",
    },
    Kind {
        what: "Reasons of bans, warnings and acts of moderation",
        columns: &[
            "bans.reason",
            "warnings.reason",
            "mod_actions.reason",
            "mod_actions.detail",
            "review_items.resolution_reason",
            "pending_actions.message",
        ],
        keep: Keep::Always,
        why: "The log of moderation: words of moderators and plugins, shown to the one \
              concerned. An account in it has an id only once it is closed.",
    },
    Kind {
        what: "What people are told",
        columns: &["notifications.details"],
        keep: Keep::For(notifications::KEEP),
        why: "Reasons and notices. Words of posts and comments are looked up when a \
              notification is shown.",
    },
    Kind {
        what: "Mails, with the address",
        columns: &["mails.address", "mails.address_key", "mails.details"],
        keep: Keep::For(mail::KEEP),
        why: "Longer than a mail is tried; all mails to the addresses of an account go with it.",
    },
    Kind {
        what: "Links in mails, hashed, with the address",
        columns: &["mail_tokens.address"],
        keep: Keep::For(mail::KEEP),
        why: "At most until the link ends, or the account is closed.",
    },
    Kind {
        what: "What webhooks are told",
        columns: &["webhook_deliveries.body"],
        keep: Keep::For(webhooks::KEEP),
        why: "The body is emptied when it was delivered or given up.",
    },
    Kind {
        what: "Answers to requests with an `Idempotency-Key`",
        columns: &["idempotency_keys.body", "idempotency_keys.location"],
        keep: Keep::For(once::KEEP_KEYS),
        why: "So that a request that is sent again gets the same answer.",
    },
    Kind {
        what: "Work to be done, and events on their way",
        columns: &["jobs.payload", "jobs.last_error", "jobs.unique_key", "outbox.occurrence"],
        keep: Keep::For(jobs::KEEP_FAILED),
        why: "Ids, and what workers outside are told. What was done is deleted after a day.",
    },
    Kind {
        what: "Communities, plugins and webhooks, as those describe them who run them",
        columns: &[
            "communities.slug",
            "communities.name",
            "communities.description",
            "labels.label",
            "accounts.labels",
            "accounts.bot",
            "plugin_versions.description",
            "plugin_versions.component",
            "plugin_binding_revisions.settings",
            "replays.settings",
            "webhooks.url",
            "webhooks.last_error",
        ],
        keep: Keep::While("the community, the plugin or the webhook is there"),
        why: "They are part of how the forum works, not of what its members wrote.",
    },
];

/// Columns of text that hold no personal data: ids, hashes, secrets, names of the
/// server's own, and what plugins are. A name without a table stands for that column of
/// every table; one that begins with `*` for all columns that end so.
pub const TECHNICAL: &[&str] = &[
    "id",
    "*_id",
    "*_by",
    "*_kind",
    "settings_hash",
    "file_hash",
    "*_as",
    "kind",
    "state",
    "role",
    "mode",
    "schedules.name",
    "webhook_deliveries.name",
    "retention_marks.name",
    "retention_marks.swept",
    "scope",
    "digest",
    "plugin",
    "hook",
    "hooks",
    "grants",
    "limits",
    "step",
    "code",
    "media",
    "media_type",
    "merged_into",
    "hash",
    "successor",
    "path",
    "against",
    "inverse",
    "once",
    "outcome",
    "verdict",
    "fault",
    "was",
    "would",
    "events",
    "secret",
    "old_secret",
    "failure_mode",
    "undos.request",
    "undos.result",
    "undo_items.reason",
    "effects.reason",
    "idempotency_keys.request",
    "plugin_versions.version",
    "plugin_versions.license",
    "plugin_versions.wanted_grants",
    "plugin_versions.settings_schema",
    "plugin_bindings.file",
    "plugin_bindings.live_file",
    "plugin_binding_revisions.reason",
    "plugin_envelopes.envelope",
    "removed_profiles.part",
    "plugin_activations.error",
    "plugin_activations.probe",
    "replays.position",
    // What an index of full text knows of its own.
    "segid",
    "pgno",
    "sz",
    "k",
    "v",
];
