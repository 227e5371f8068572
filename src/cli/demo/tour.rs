//! What to try in a demo forum: lines for a shell that has curl and no more.

use std::path::Path;

use super::ADMIN;
use crate::base::{
    ids::{BindingId, PostId},
    secret::Secret,
};

/// What the lines are about.
pub(super) struct Tour<'a> {
    pub(super) url: &'a str,
    pub(super) has_docs: bool,
    pub(super) password: &'a Secret<String>,
    pub(super) password_file: &'a Path,
    /// A post that takes comments, and automod's binding, while they are there.
    pub(super) aims: Option<(PostId, BindingId)>,
}

impl Tour<'_> {
    /// All that there is to say.
    pub(super) fn text(&self) -> String {
        let Self { url, password, password_file, .. } = self;
        let (password, file) = (password.expose(), password_file.display());
        let docs =
            if self.has_docs { format!("\n  Swagger UI   {url}/docs") } else { String::new() };
        let head = format!(
            "\nThis is a demo: two communities, fifty posts, and a policy that reads along.\n{docs}
  Accounts     {ADMIN} (admin), ottoline (moderates bread), crumb, levain, …
  Password     {password}   (of all of them; kept in {file})\n"
        );
        match self.aims {
            Some((post, binding)) => head + &self.steps(post, binding),
            None => {
                head + "\nIts posts or its policy are gone: for the tour, begin with an empty data folder.\n"
            }
        }
    }

    fn steps(&self, post: PostId, binding: BindingId) -> String {
        let (url, password) = (self.url, self.password.expose());
        format!(
            r#"
In another terminal,

1. sign in:

    API={url}/api/v1 JSON='content-type: application/json'
    TOKEN=$(curl -s $API/sessions -H "$JSON" \
      -d '{{"username": "{ADMIN}", "password": "{password}"}}' |
      sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    AUTH="authorization: Bearer $TOKEN"

2. write a comment, which is held (202):

    curl -w '\n%{{http_code}}\n' $API/posts/{post}/comments \
      -H "$AUTH" -H "$JSON" -d '{{"body": "Free money for everybody who answers!"}}'

3. read who decided that, and why:

    curl -H "$AUTH" "$API/decisions?limit=1"

4. give the policy other rules, while the server runs:

    curl -X PATCH $API/plugin-bindings/{binding} \
      -H "$AUTH" -H "$JSON" -d '{{"settings": {{"rules": [{{"id": "no-free-money",
        "action": "reject", "message": "Nothing is free here.", "public": true,
        "when": {{"words": ["free money"]}}}}]}}}}'

5. write the same comment again, which is now rejected (403):

    curl -w '\n%{{http_code}}\n' $API/posts/{post}/comments \
      -H "$AUTH" -H "$JSON" -d '{{"body": "Free money for everybody who answers!"}}'

6. compare the two decisions, and take the change back:

    curl "$API/decisions?limit=2" -H "$AUTH" |
      grep -oE '"(verdict|digest|settings_hash|message)":"[^"]*"'
    curl -X POST $API/plugin-bindings/{binding}/rollback -H "$AUTH"
"#
        )
    }
}
