//! `/sessions`, and the extractors that tell who is asking.

use poem::{FromRequest, Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi,
    param::Path,
    registry::{MetaSecurityScheme, Registry},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Grant, Session},
    service::{Device, Sessions},
};
use crate::{
    base::{Error, actor::Actor, secret::Secret},
    http::{ClientAddress, Input, Problem, Rendered, Tag, Time, body_limit, idempotency},
};

/// Name of the security scheme in the specification.
const SCHEME: &str = "bearer";

/// Somebody who is signed in; everybody else gets 401.
#[derive(Debug)]
pub struct SignedIn(pub Actor);

/// Anybody. A token that is not valid gets 401 and is never taken for nobody.
#[derive(Debug)]
pub struct Visitor(pub Option<Actor>);

async fn authenticate(request: &Request) -> Result<(Sessions, Option<Actor>), Error> {
    let sessions = request
        .data::<Sessions>()
        .ok_or_else(|| Error::internal("no sessions in the request's data"))?;
    let Some(credentials) = request.headers().get(header::AUTHORIZATION) else {
        return Ok((sessions.clone(), None));
    };
    let token = credentials
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(Error::Unauthenticated("invalid_token"))?;
    Ok((sessions.clone(), Some(sessions.authenticate(token).await?)))
}

fn register_scheme(registry: &mut Registry) {
    registry.create_security_scheme(
        SCHEME,
        MetaSecurityScheme {
            ty: "http",
            description: Some("The `access_token` that `POST /sessions` answers with."),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        },
    );
}

/// Answers a request with a key as the earlier one with that key was answered.
async fn settle(
    sessions: &Sessions,
    actor: &Actor,
    request: &Request,
    body: &mut RequestBody,
) -> poem::Result<()> {
    let Some(asked) = idempotency::asked(request, body).await? else { return Ok(()) };
    idempotency::settle(sessions.claim(actor, asked).await.map_err(Problem::from)?)
}

macro_rules! extractor {
    ($name:ident, $fallback:literal, $extract:expr) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                register_scheme(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SCHEME]
            }

            fn has_security_fallback() -> bool {
                $fallback
            }

            async fn from_request(
                request: &'a Request,
                body: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let (sessions, actor) = authenticate(request).await.map_err(Problem::from)?;
                if let Some(actor) = &actor {
                    body_limit::authorise(request, actor).map_err(Problem::from)?;
                    settle(&sessions, actor, request, body).await?;
                }
                let extract: fn(&Sessions, Option<Actor>) -> Result<Self, Error> = $extract;
                Ok(extract(&sessions, actor).map_err(Problem::from)?)
            }
        }
    };
}

extractor!(SignedIn, false, |_, actor| {
    actor.map(SignedIn).ok_or(Error::Unauthenticated("no_token"))
});
extractor!(Visitor, true, |sessions, actor| {
    if actor.is_none() && !sessions.is_public() {
        return Err(Error::Unauthenticated("no_token"));
    }
    Ok(Visitor(actor))
});

impl<'a> FromRequest<'a> for Device {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let user_agent = request
            .headers()
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            address: <ClientAddress as FromRequest>::from_request(request, body).await?,
            user_agent,
        })
    }
}

/// Who signs in.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// The account's name.
    username: String,
    /// Its password.
    password: String,
}

impl poem_openapi::types::Example for SignIn {
    fn example() -> Self {
        Self { username: "ada".into(), password: "correct horse battery".into() }
    }
}

/// The token to trade in.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    /// From the last answer.
    refresh_token: String,
}

impl poem_openapi::types::Example for RefreshBody {
    fn example() -> Self {
        Self { refresh_token: "dEVzP2kq0c7Yx1h3v9n5m8b2w4r6t0y7u1i3o5p7a9s".into() }
    }
}

/// Tokens of a session.
#[derive(Debug, Object, Serialize)]
struct Tokens {
    /// The session's id.
    session_id: Uuid,
    /// Goes into `Authorization: Bearer …` of each request.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds that the access token is valid.
    expires_in: u64,
    /// Gets the next tokens from `POST /sessions/refresh`, once.
    refresh_token: String,
}

impl From<Grant> for Tokens {
    fn from(grant: Grant) -> Self {
        Self {
            session_id: grant.session.0,
            access_token: grant.access_token.expose().clone(),
            token_type: "Bearer".into(),
            expires_in: grant.access_lifetime.as_secs(),
            refresh_token: grant.refresh_token.expose().clone(),
        }
    }
}

/// One login on one device.
#[derive(Debug, Object, Serialize)]
struct SessionItem {
    /// Opaque.
    id: Uuid,
    /// Whether this request came through it.
    current: bool,
    /// What the client called itself.
    user_agent: String,
    /// When it began, RFC 3339.
    created_at: Time,
    /// When it last got a new access token.
    used_at: Time,
    /// When it ends if it is not used.
    expires_at: Time,
}

impl SessionItem {
    fn new(session: &Session, actor: &Actor) -> Self {
        Self {
            id: session.id.0,
            current: session.id == actor.session,
            user_agent: session.user_agent.clone(),
            created_at: session.created_at.into(),
            used_at: session.used_at.into(),
            expires_at: session.expires_at.into(),
        }
    }
}

/// Sessions, the one used last first.
#[derive(Debug, Object, Serialize)]
struct SessionList {
    /// At most 100.
    items: Vec<SessionItem>,
}

#[derive(ApiResponse)]
enum SignedInAnswer {
    /// Signed in.
    #[oai(status = 201)]
    Created(Rendered<Tokens>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum Ended {
    /// The session is over.
    #[oai(status = 204)]
    Done,
}

/// Operations on sessions.
#[derive(Debug)]
pub struct SessionsApi {
    /// The feature.
    pub sessions: Sessions,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Sessions")]
impl SessionsApi {
    /// Sign in
    ///
    /// For anybody with an account. Wrong names and wrong passwords get the same answer.
    #[oai(path = "/sessions", method = "post", operation_id = "sign_in")]
    async fn sign_in(
        &self,
        device: Device,
        body: Input<SignIn>,
    ) -> Result<SignedInAnswer, Problem> {
        let SignIn { username, password } = body.0;
        let grant = self.sessions.sign_in(&username, Secret::new(password), &device).await?;
        let location = format!("/api/v1/sessions/{}", grant.session);
        Ok(SignedInAnswer::Created(Rendered::new(&Tokens::from(grant)), location))
    }

    /// Get new tokens
    ///
    /// For everybody who has a refresh token. Each is good for one use. Within 45 seconds
    /// of that use it gets the same successor again, so that two tabs may refresh at once.
    /// When it comes back later, and its successor was used, the session ends.
    #[oai(path = "/sessions/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh(
        &self,
        device: Device,
        body: Input<RefreshBody>,
    ) -> Result<Rendered<Tokens>, Problem> {
        let grant = self.sessions.refresh(&body.0.refresh_token, &device).await?;
        Ok(Rendered::new(&Tokens::from(grant)))
    }

    /// List own sessions
    ///
    /// For everybody who is signed in.
    #[oai(path = "/sessions", method = "get", operation_id = "list_sessions")]
    async fn list(&self, SignedIn(actor): SignedIn) -> Result<Rendered<SessionList>, Problem> {
        let sessions = self.sessions.list(&actor).await?;
        let items = sessions.iter().map(|session| SessionItem::new(session, &actor)).collect();
        Ok(Rendered::new(&SessionList { items }))
    }

    /// Sign out
    ///
    /// For everybody who is signed in: ends the session of this request.
    #[oai(path = "/sessions/current", method = "delete", operation_id = "sign_out")]
    async fn sign_out(&self, SignedIn(actor): SignedIn) -> Result<Ended, Problem> {
        self.sessions.end(&actor, actor.session).await?;
        Ok(Ended::Done)
    }

    /// End one of one's sessions
    ///
    /// For everybody who is signed in.
    #[oai(path = "/sessions/:id", method = "delete", operation_id = "end_session")]
    async fn end(
        &self,
        SignedIn(actor): SignedIn,
        /// The session's id.
        id: Path<Uuid>,
    ) -> Result<Ended, Problem> {
        self.sessions.end(&actor, id.0.into()).await?;
        Ok(Ended::Done)
    }
}
