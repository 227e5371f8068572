//! Every feature's operations, the documents about them, and what lies around
//! them all. The order of the onion's layers stands in `http::onion`.

use poem::{
    Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Response, Route, endpoint::make_sync,
    http::Method,
};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService};

use crate::{
    accounts::AccountsApi,
    app::App,
    appeals::AppealsApi,
    bans::BansApi,
    comments::CommentsApi,
    communities::CommunitiesApi,
    content_removals::ContentRemovalsApi,
    credentials::CredentialsApi,
    decisions::DecisionsApi,
    digests::DigestsApi,
    http::{
        allow::Allow,
        onion::{Bounds, Onion},
        parameters::Parameters,
        specification,
        system::SystemApi,
    },
    job_admin::JobsApi,
    media::MediaApi,
    mod_actions::ModActionsApi,
    moderation::ModerationApi,
    notifications::NotificationsApi,
    plugin_admin::BindingsApi,
    plugin_envelopes::EnvelopesApi,
    plugin_files::PluginFilesApi,
    plugin_stats::StatsApi,
    plugin_trials::TrialsApi,
    plugin_versions::PluginsApi,
    posts::PostsApi,
    profiles::{Profiles, ProfilesApi},
    reports::ReportsApi,
    review::ReviewApi,
    search::SearchApi,
    sessions::SessionsApi,
    undos::UndosApi,
    votes::VotesApi,
    warnings::WarningsApi,
    webhooks::WebhooksApi,
};

/// Largest JSON body, but for what is named in [`bounds`]: a name, a reason
/// and some ids are far smaller.
const JSON_LIMIT: u64 = 64 * 1024;
/// Largest body with a post or a comment: 40,000 characters of four bytes, and
/// as much again for what JSON escapes.
const CONTENT_LIMIT: u64 = 320 * 1024;
/// Largest body with a plugin's settings: 1 MiB of them, and as much again for
/// what JSON escapes.
const SETTINGS_LIMIT: u64 = 2 * 1024 * 1024;
/// Largest component, as the plugin host's own ceiling.
const COMPONENT_LIMIT: u64 = 32 * 1024 * 1024;

/// What stands in front of a code from a mail in a path.
const SECRETS: &[&str] = &["email-verifications/", "password-resets/", "digest-unsubscriptions/"];

/// What a request may take, and what it must not tell; `picture` is the largest
/// that is taken.
fn bounds(method: &Method, path: &str, picture: u64) -> Bounds {
    let path = path.strip_prefix("/api/v1/").unwrap_or_default();
    let uploads = path == "plugins" && method == Method::POST;
    let binds = path.starts_with("plugin-bindings") || path == "replays";
    let reproduces = path.ends_with("/reproductions");
    let body = if uploads {
        COMPONENT_LIMIT
    } else if path == "media" {
        picture
    } else if binds {
        SETTINGS_LIMIT
    } else if ["posts", "comments", "preflights"].iter().any(|of| path.starts_with(of)) {
        CONTENT_LIMIT
    } else {
        JSON_LIMIT
    };
    let secret = SECRETS.iter().any(|of| path.starts_with(of));
    Bounds { body, compiles: uploads || binds || reproduces, admins: uploads, secret }
}

/// Every operation.
fn apis(app: &App) -> impl OpenApi + 'static {
    (
        SystemApi { db: app.db.clone(), lifecycle: app.lifecycle.clone() },
        JobsApi { jobs: app.jobs.clone() },
        people(app),
        DecisionsApi { decisions: app.decisions.clone() },
        NotificationsApi { notifications: app.notifications.clone() },
        plugins(app),
        moderation(app),
        WebhooksApi { webhooks: app.webhooks.clone() },
        MediaApi { media: app.media.clone() },
        BansApi { bans: app.forum.bans.clone() },
        CommunitiesApi { communities: app.forum.communities.clone(), hot: app.forum.hot.clone() },
        PostsApi { posts: app.forum.posts.clone(), hot: app.forum.hot.clone() },
        CommentsApi { comments: app.forum.comments.clone(), hot: app.forum.hot.clone() },
        VotesApi { votes: app.forum.votes.clone() },
        SearchApi { search: app.forum.search.clone() },
    )
}

/// Who takes part, and what proves it.
fn people(app: &App) -> impl OpenApi + 'static {
    (
        SessionsApi { sessions: app.sessions.clone() },
        AccountsApi { accounts: app.accounts.clone() },
        CredentialsApi { credentials: app.mailing.credentials.clone() },
        DigestsApi { digests: app.mailing.digests.clone() },
    )
}

/// Policies, their versions, where they are at work, and trying them.
fn plugins(app: &App) -> impl OpenApi + 'static {
    (
        PluginsApi { versions: app.versions.clone() },
        BindingsApi { plugins: app.plugins.clone() },
        EnvelopesApi { envelopes: app.envelopes.clone() },
        PluginFilesApi { files: app.plugin_files.clone() },
        TrialsApi { trials: app.trials.clone() },
        StatsApi { stats: app.plugin_stats.clone() },
        UndosApi { undos: app.undos.clone() },
    )
}

/// What those who keep order do; a tuple of its own, for one has 16 places.
fn moderation(app: &App) -> impl OpenApi + 'static {
    (
        ContentRemovalsApi { removals: app.undos.removals() },
        ReviewApi { review: app.review.clone() },
        ModerationApi { moderation: app.moderation.clone() },
        ReportsApi { reports: app.reports.clone() },
        AppealsApi { appeals: app.appeals.clone() },
        ProfilesApi { profiles: Profiles::new(app.accounts.clone()) },
        WarningsApi { warnings: app.warnings.clone() },
        ModActionsApi { actions: app.actions.clone() },
    )
}

fn service(app: &App) -> OpenApiService<impl OpenApi + 'static, ()> {
    OpenApiService::new(apis(app), "Gatherly", env!("CARGO_PKG_VERSION"))
        .description(
            "A forum whose rules are WebAssembly components. Sign in with `POST /sessions`, then \
             send its `access_token` as a bearer token. Errors are problem+json with a stable \
             `code`; lists answer `items` and, if there are more, `next_cursor`. A `POST` by \
             somebody who is signed in may carry an `Idempotency-Key`: sent again, it gets the \
             same answer and does nothing.",
        )
        .license(LicenseObject::new("Apache-2.0"))
}

/// The specification, as it is committed in `openapi/gatherly.json`.
pub fn specification(app: &App) -> String {
    format!("{:#}\n", document(app))
}

fn document(app: &App) -> serde_json::Value {
    // The framework writes valid JSON.
    let generated = serde_json::from_str(&service(app).spec()).unwrap_or_default();
    specification::rewrite(generated)
}

/// The page of Swagger UI, with the rewritten specification in place of the generated
/// one, a search field, and a token that survives a reload.
fn documentation(app: &App, specification: &str) -> String {
    let service = service(app);
    service
        .swagger_ui_html()
        .replacen("<html ", "<html lang=\"en\" ", 1)
        .replacen("<title>Swagger UI</title>", "<title>Gatherly API</title>", 1)
        .replacen("filter: false,", "filter: true,\n        persistAuthorization: true,", 1)
        .replacen(&service.spec(), specification, 1)
}

/// The whole server.
pub fn endpoint(app: &App) -> impl Endpoint<Output = Response> + 'static {
    let mut routes = Route::new();
    if app.config.server.docs {
        let spec = specification(app);
        let ui = documentation(app, &spec);
        let document =
            make_sync(move |_| spec.clone().with_content_type("application/json").into_response());
        let page = make_sync(move |_| {
            ui.clone().with_content_type("text/html; charset=utf-8").into_response()
        });
        routes = routes.at("/openapi.json", poem::get(document)).at("/docs", poem::get(page));
    }
    let specification = document(app);
    let routes = Allow::new(routes.nest("/", service(app)), &specification);
    let routes = Parameters::new(routes, &specification);
    let routes = routes.data(app.sessions.clone()).into_endpoint();
    let picture = app.config.media.max_bytes();
    Onion::new(
        routes,
        &app.config,
        std::sync::Arc::clone(&app.limits),
        Box::new(move |method, path| bounds(method, path, picture)),
        (app.clock.clone(), app.db.clone()),
    )
}

/// What `/metrics` answers, on an address of its own.
pub fn metrics_endpoint(app: &App) -> impl Endpoint<Output = Response> + 'static {
    let metrics = app.metrics.clone();
    let page = make_sync(move |_| {
        metrics.render().with_content_type("text/plain; version=0.0.4").into_response()
    });
    Route::new().at("/metrics", poem::get(page)).map_to_response()
}
