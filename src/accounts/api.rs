//! `/accounts` and `/me`.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Account, Applicant, Registered},
    service::Accounts,
};
use crate::{
    base::{
        actor::{SiteRole, Viewer},
        page::PageRequest,
        secret::Secret,
    },
    http::{ClientAddress, Input, Problem, Rendered, Tag, Time},
    sessions::{SignedIn, Visitor},
};

/// Who wants to join.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct Register {
    /// 3 to 30 letters, digits, `_`, `-`, `.`; unique without regard to case and look-alikes.
    username: String,
    /// Told to nobody. ASCII before the `@`; a domain in other letters is stored as DNS
    /// has it.
    email: String,
    /// 8 to 128 characters; common ones are refused.
    password: String,
}

impl poem_openapi::types::Example for Register {
    fn example() -> Self {
        Self {
            username: "ada".into(),
            email: "ada@example.org".into(),
            password: "correct horse battery".into(),
        }
    }
}

/// Changes to one's own account.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct EditMe {
    /// What one says of oneself, at most 2,000 characters.
    bio: String,
}

impl poem_openapi::types::Example for EditMe {
    fn example() -> Self {
        Self { bio: "I write about engines.".into() }
    }
}

/// The password that one has, and the one that one wants.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    /// The password that one has.
    current_password: String,
    /// 8 to 128 characters; common ones are refused.
    new_password: String,
}

impl poem_openapi::types::Example for ChangePassword {
    fn example() -> Self {
        Self {
            current_password: "correct horse battery".into(),
            new_password: "a staple of another kind".into(),
        }
    }
}

/// Proof that it is the owner who leaves.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct CloseAccount {
    /// The account's password.
    password: String,
}

impl poem_openapi::types::Example for CloseAccount {
    fn example() -> Self {
        Self { password: "correct horse battery".into() }
    }
}

/// What an account may do on the whole site.
#[derive(Clone, Copy, Debug, Enum, Serialize, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum RoleName {
    /// Takes part.
    Member,
    /// Runs the site.
    Admin,
}

impl From<SiteRole> for RoleName {
    fn from(role: SiteRole) -> Self {
        match role {
            SiteRole::Member => Self::Member,
            SiteRole::Admin => Self::Admin,
        }
    }
}

impl From<RoleName> for SiteRole {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Member => Self::Member,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// The role to give.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ChangeRole {
    /// What the account may do from now on.
    role: RoleName,
    /// Why, for the log; at most 1,000 characters.
    reason: Option<String>,
}

impl poem_openapi::types::Example for ChangeRole {
    fn example() -> Self {
        Self { role: RoleName::Admin, reason: Some("Looks after the site with me.".into()) }
    }
}

/// An account as everybody sees it.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct AccountView {
    /// Opaque.
    id: Uuid,
    /// The name.
    username: String,
    /// What it may do on the whole site.
    role: RoleName,
    /// What it says of itself.
    bio: String,
    /// Published posts.
    post_count: i64,
    /// Published comments.
    comment_count: i64,
    /// Up minus down votes on what it published.
    score: i64,
    /// When it was made, RFC 3339.
    created_at: Time,
    /// Whether a plugin writes through it.
    bot: bool,
    /// The picture beside its name, by its id; see `GET /media/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<Uuid>,
}

impl AccountView {
    /// An account as somebody sees it.
    fn new(account: &Account, viewer: Viewer<'_>) -> Self {
        let shows_profile = account.shows_profile_to(viewer);
        Self {
            id: account.id.0,
            username: account.username.clone(),
            role: account.role.into(),
            bio: if shows_profile { account.bio.clone() } else { String::new() },
            post_count: account.post_count,
            comment_count: account.comment_count,
            score: account.score,
            created_at: account.created_at.into(),
            bot: account.is_bot,
            avatar: account.avatar.filter(|_| shows_profile).map(|avatar| avatar.0),
        }
    }
}

/// An account as its owner sees it.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct MeView {
    /// What everybody sees.
    account: AccountView,
    /// The mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether the address was confirmed.
    verified: bool,
    /// The address that takes the place of the other once it is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_email: Option<String>,
    /// `active`, or `held` while the account waits for a decision.
    state: String,
    /// Why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl MeView {
    fn new(account: &Account, reason: Option<String>) -> Self {
        Self {
            // Only its owner sees this: nothing is hidden.
            account: AccountView::new(&Account { is_hidden: false, ..account.clone() }, None),
            email: account.email.clone(),
            verified: account.verified,
            pending_email: account.pending_email.clone(),
            state: account.state.as_str().to_owned(),
            reason,
        }
    }
}

/// Accounts in the order of names.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct AccountList {
    /// This page.
    items: Vec<AccountView>,
    /// Where the next page starts; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A name that others may take again.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ReleaseName {
    /// The name that the closed account had.
    username: String,
    /// Why, at most 1,000 characters; for the log.
    reason: String,
}

impl poem_openapi::types::Example for ReleaseName {
    fn example() -> Self {
        Self { username: "ada".into(), reason: "She comes back after two years.".into() }
    }
}

#[derive(ApiResponse)]
enum RegisterAnswer {
    /// The account can be used.
    #[oai(status = 201)]
    Created(Rendered<MeView>, #[oai(header = "Location")] String),
    /// The account waits for a decision.
    #[oai(status = 202)]
    Held(Rendered<MeView>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}

/// Operations on accounts.
pub struct AccountsApi {
    /// The feature.
    pub accounts: Accounts,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl AccountsApi {
    /// Register
    ///
    /// For everybody. 202 when somebody has to approve the account first: because of a
    /// setting or a policy, or because the address or the name was that of a closed account
    /// with a ban in force or a strike.
    #[oai(path = "/accounts", method = "post", operation_id = "create_account")]
    async fn create(
        &self,
        client: ClientAddress,
        body: Input<Register>,
    ) -> Result<RegisterAnswer, Problem> {
        let Register { username, email, password } = body.0;
        let applicant = Applicant { username, email, password: Secret::new(password) };
        Ok(match self.accounts.register(applicant, client).await? {
            Registered::Active(account) => RegisterAnswer::Created(
                Rendered::new(&MeView::new(&account, None)),
                format!("/api/v1/accounts/{}", account.username),
            ),
            Registered::Held(account, reason) => RegisterAnswer::Held(
                Rendered::new(&MeView::new(&account, Some(reason))),
                format!("/api/v1/accounts/{}", account.username),
            ),
        })
    }

    /// List accounts
    ///
    /// For everybody. In the order of names.
    #[oai(path = "/accounts", method = "get", operation_id = "list_accounts")]
    async fn list(
        &self,
        Visitor(viewer): Visitor,
        client: ClientAddress,
        /// What names begin with; all without it.
        query: Query<Option<String>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// 1 to 100, by default 25.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<AccountList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let query = query.0.unwrap_or_default();
        let page = self.accounts.list(&query, client, &page).await?;
        let view = |account| AccountView::new(account, viewer.as_ref());
        let items = page.items.iter().map(view).collect();
        Ok(Rendered::new(&AccountList { items, next_cursor: page.next_cursor }))
    }

    /// Read an account
    ///
    /// For everybody. Bio and avatar of an account that bans forbid everything on the site
    /// are shown to its owner and to admins only.
    #[oai(path = "/accounts/:username", method = "get", operation_id = "get_account")]
    async fn get(
        &self,
        Visitor(viewer): Visitor,
        /// The account's name.
        username: Path<String>,
    ) -> Result<Rendered<AccountView>, Problem> {
        let account = self.accounts.find(&username.0).await?;
        Ok(Rendered::new(&AccountView::new(&account, viewer.as_ref())))
    }

    /// Give a role
    ///
    /// For admins. Ends the account's sessions. The change is in the log. 409 when the actor
    /// has lost the role of an admin since the request began.
    #[oai(path = "/accounts/:username/role", method = "put", operation_id = "change_role")]
    async fn change_role(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
        body: Input<ChangeRole>,
    ) -> Result<Rendered<AccountView>, Problem> {
        let ChangeRole { role, reason } = body.0;
        let (accounts, reason) = (&self.accounts, reason.as_deref());
        let account = accounts.change_role(&actor, &username.0, role.into(), reason).await?;
        Ok(Rendered::new(&AccountView::new(&account, Some(&actor))))
    }

    /// Free the name of a closed or renamed account
    ///
    /// For admins. Names that closed and renamed accounts had stay taken, since mentions
    /// in old texts would reach another person. The log of moderation has the act with its
    /// reason.
    #[oai(path = "/released-names", method = "post", operation_id = "release_name")]
    async fn release_name(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<ReleaseName>,
    ) -> Result<Done, Problem> {
        let ReleaseName { username, reason } = body.0;
        self.accounts.release_name(&actor, &username, &reason).await?;
        Ok(Done::Done)
    }

    /// Read one's own account
    ///
    /// For everybody who is signed in.
    #[oai(path = "/me", method = "get", operation_id = "get_me")]
    async fn me(&self, SignedIn(actor): SignedIn) -> Result<Rendered<MeView>, Problem> {
        let account = self.accounts.me(&actor).await?;
        Ok(Rendered::new(&MeView::new(&account, None)))
    }

    /// Change one's own account
    ///
    /// For everybody who is signed in. 403 `banned` while a ban from the site is in force.
    #[oai(path = "/me", method = "patch", operation_id = "edit_me")]
    async fn edit_me(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<EditMe>,
    ) -> Result<Rendered<MeView>, Problem> {
        let account = self.accounts.edit_me(&actor, &body.0.bio).await?;
        Ok(Rendered::new(&MeView::new(&account, None)))
    }

    /// Close one's own account
    ///
    /// For everybody who is signed in. Name, address and password are erased;
    /// what was written stays, under a name that says nothing. Nobody else gets the name
    /// unless an admin frees it. The last admin cannot leave.
    #[oai(path = "/me", method = "delete", operation_id = "close_me")]
    async fn close_me(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<CloseAccount>,
    ) -> Result<Done, Problem> {
        self.accounts.close(&actor, Secret::new(body.0.password)).await?;
        Ok(Done::Done)
    }

    /// Change one's password
    ///
    /// For everybody who is signed in. Ends all other sessions.
    #[oai(path = "/me/password", method = "put", operation_id = "change_password")]
    async fn change_password(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<ChangePassword>,
    ) -> Result<Done, Problem> {
        let ChangePassword { current_password, new_password } = body.0;
        let (current, new) = (Secret::new(current_password), Secret::new(new_password));
        self.accounts.change_password(&actor, current, new).await?;
        Ok(Done::Done)
    }
}
