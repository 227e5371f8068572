//! What is looked up of an occurrence.

use uuid::Uuid;

use crate::{
    base::ids::{AccountId, BindingId, CommunityId, DecisionId},
    hooks,
};

/// Where something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: CommunityId,
    pub(super) slug: String,
}

/// Content, whatever its state.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) content: hooks::Content,
    pub(super) author: AccountId,
    pub(super) place: Place,
    /// Everybody may read it.
    pub(super) is_published: bool,
    /// Its author took it back: nobody is told its words.
    pub(super) is_deleted: bool,
    pub(super) was_edited: bool,
}

/// Something that happened, as a hook is told it.
#[derive(Clone, Debug)]
pub(super) struct Told<S> {
    pub(super) subject: S,
    pub(super) place: Option<Place>,
    /// Who acted.
    pub(super) actor: Option<AccountId>,
    /// What it is about: an id of content, an account, an appeal.
    pub(super) about: (crate::decisions::TargetKind, Uuid),
}

/// Who is told of an occurrence.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    /// Everybody but the plugin whose effect caused it.
    AllBut(Option<Uuid>),
    /// These bindings, each time under another id.
    Only(Vec<Uuid>, Uuid),
}

/// A plugin's answer that a person decided against.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) decision: DecisionId,
    pub(super) binding: BindingId,
    pub(super) hook: String,
    pub(super) verdict: String,
    /// What the plugin had been asked about.
    pub(super) about: Option<Uuid>,
    pub(super) community: Option<CommunityId>,
}
