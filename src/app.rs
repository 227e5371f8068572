//! The composition root: builds everything from the settings. Nothing else
//! constructs an adapter.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::{
    accounts::{self, Accounts},
    after_hooks::AfterHooks,
    appeals::{self, Appeals},
    bans::{self, Bans},
    base::{self, clock::Clock, password::Passwords},
    blobs::Blobs,
    comments::{self, Comments},
    communities::{self, Communities},
    config::Config,
    credentials::{self, Credentials},
    db::{self, Db},
    decisions::Decisions,
    digests::{self, Digests},
    effects::{self, Effects},
    hooks::{self, Hooks, ports::Ports},
    http::{HotReads, RateLimits, rate_limit},
    job_admin::JobAdmin,
    lifecycle::Lifecycle,
    mail::{self, Mails},
    media::{self, Media},
    mod_actions::ModActions,
    moderation::{self, Moderation},
    notifications::{self, Notifications},
    outbound::{
        self,
        mail::{Mailer, MailerError},
    },
    pictures::Studio,
    plugin_admin::{self, PluginAdmin},
    plugin_envelopes::Envelopes,
    plugin_files::{self, PluginFiles},
    plugin_reads::PluginReads,
    plugin_state::PluginState,
    plugin_stats::PluginStats,
    plugin_trials::{self, PluginTrials},
    plugin_versions::PluginVersions,
    posts::{self, Posts},
    publishing::Publishing,
    redis::{self, Redis},
    reports::{self, Reports},
    review::{self, Review},
    search::{self, Search},
    sessions::{Keys, KeysError, Sessions},
    undos::{self, Undos},
    votes::{self, Votes},
    warnings::{self, Warnings},
    webhooks::{self, Webhooks},
};

/// Buckets of durations, in seconds: from a plugin's call to a slow request.
const DURATION_BUCKETS: &[f64] = &[
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005,
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made or used.
    #[error("data_dir: {0} cannot be used")]
    DataDir(PathBuf, #[source] io::Error),
    /// The database cannot be opened.
    #[error("database.url: {0} cannot be opened")]
    Database(PathBuf, #[source] db::Error),
    /// There is no Redis that could be meant.
    #[error(transparent)]
    Redis(#[from] redis::StartError),
    /// There are no signing keys.
    #[error("there are no signing keys")]
    Keys(#[from] KeysError),
    /// There is no plugin host.
    #[error("the plugin host cannot start")]
    Hooks(#[from] hooks::StartError),
    /// Mail cannot leave.
    #[error(transparent)]
    Mail(#[from] MailerError),
    /// Something else.
    #[error("the server cannot start")]
    Other(#[from] base::Error),
}

/// Everything that runs.
#[expect(missing_docs, reason = "each is named as its type")]
pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub lifecycle: Lifecycle,
    pub metrics: PrometheusHandle,
    pub db: Db,
    pub redis: Option<Redis>,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub outbound: outbound::Client,
    pub plugin_state: PluginState,
    pub sessions: Sessions,
    pub decisions: Decisions,
    pub accounts: Accounts,
    pub mailing: Mailing,
    pub plugins: PluginAdmin,
    pub versions: PluginVersions,
    pub envelopes: Envelopes,
    pub plugin_files: PluginFiles,
    pub plugin_stats: PluginStats,
    pub trials: PluginTrials,
    pub forum: Forum,
    pub review: Review,
    pub after_hooks: AfterHooks,
    pub effects: Effects,
    pub undos: Undos,
    pub jobs: JobAdmin,
    pub media: Media,
    pub notifications: Notifications,
    pub actions: ModActions,
    pub moderation: Moderation,
    pub warnings: Warnings,
    pub webhooks: Webhooks,
    pub reports: Reports,
    pub appeals: Appeals,
}

/// What people write, and who may.
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Forum {
    pub bans: Bans,
    pub communities: Communities,
    pub posts: Posts,
    pub comments: Comments,
    pub votes: Votes,
    pub search: Search,
    pub hot: HotReads,
}

impl Forum {
    fn new(
        config: &Config,
        (core, redis): (&Core, Option<Redis>),
        decisions: &Decisions,
        actions: &ModActions,
    ) -> Self {
        let Core { db, clock, limits, hooks } = core.clone();
        let bans = Bans::new(bans::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits: Arc::clone(&limits),
            hooks: hooks.clone(),
            decisions: decisions.clone(),
            actions: actions.clone(),
        });
        let communities = Communities::new(communities::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits: Arc::clone(&limits),
            bans: bans.clone(),
            creation: config.forum.community_creation,
        });
        let search = Search::new(search::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits: Arc::clone(&limits),
        });
        let publishing = Publishing::new(db.clone(), clock, hooks, decisions.clone());
        let posts = Posts::new(posts::Parts {
            db: db.clone(),
            limits: Arc::clone(&limits),
            bans: bans.clone(),
            communities: communities.clone(),
            publishing: publishing.clone(),
        });
        let comments = Comments::new(comments::Parts {
            db: db.clone(),
            limits: Arc::clone(&limits),
            posts: posts.clone(),
            publishing: publishing.clone(),
        });
        let votes =
            Votes::new(votes::Parts { db: db.clone(), limits, posts: posts.clone(), publishing });
        let hot = HotReads::new(db, config.cache, redis);
        Self { bans, communities, posts, comments, votes, search, hot }
    }
}

/// What every feature is built on.
#[derive(Clone)]
struct Core {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    hooks: Hooks,
}

impl Core {
    async fn open(
        config: &Config,
        (clock, compiler): (Clock, PathBuf),
        lifecycle: &Lifecycle,
    ) -> Result<(Self, Keys, Option<Redis>), StartError> {
        make_private_dir(&config.data_dir)
            .map_err(|error| StartError::DataDir(config.data_dir.clone(), error))?;
        let keys = Keys::load(&config.sessions.signing_keys, &config.data_dir)?;
        let redis = Redis::start(&config.redis, lifecycle).await?;
        let shared = redis.clone().map(|redis| {
            let pseudonyms = keys.pseudonyms();
            rate_limit::Shared { redis, pseudonyms }
        });
        let db = Db::open(config)
            .await
            .map_err(|error| StartError::Database(config.database_file(), error))?;
        let hooks = Hooks::start(&config.plugins, &config.data_dir, compiler)?;
        let limits = Arc::new(RateLimits::new(&config.limits, clock.clone(), shared));
        Ok((Self { db, clock, limits, hooks }, keys, redis))
    }
}

/// What keeps order, as people see it.
#[derive(Clone)]
struct Moderated {
    warnings: Warnings,
    moderation: Moderation,
    reports: Reports,
    appeals: Appeals,
    review: Review,
}

impl Moderated {
    fn new(core: &Core, forum: &Forum, (actions, decisions): (&ModActions, &Decisions)) -> Self {
        let Core { db, clock, limits, hooks } = core.clone();
        let warnings = Warnings::new(warnings::Parts {
            db: db.clone(),
            limits: Arc::clone(&limits),
            actions: actions.clone(),
            communities: forum.communities.clone(),
        });
        let moderation = Moderation::new(moderation::Parts {
            db: db.clone(),
            limits: Arc::clone(&limits),
            actions: actions.clone(),
            bans: forum.bans.clone(),
            communities: forum.communities.clone(),
            posts: forum.posts.clone(),
            comments: forum.comments.clone(),
        });
        let reports = Reports::new(reports::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits: Arc::clone(&limits),
            hooks: hooks.clone(),
            decisions: decisions.clone(),
            posts: forum.posts.clone(),
            comments: forum.comments.clone(),
        });
        let appeals = Appeals::new(appeals::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits: Arc::clone(&limits),
            bans: forum.bans.clone(),
            moderation: moderation.clone(),
            posts: forum.posts.clone(),
            comments: forum.comments.clone(),
        });
        let review = Review::new(review::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits: Arc::clone(&limits),
            posts: forum.posts.clone(),
            comments: forum.comments.clone(),
            moderation: moderation.clone(),
        });
        Self { warnings, moderation, reports, appeals, review }
    }
}

fn sessions_of(core: &Core, (passwords, keys): (&Passwords, Keys), config: &Config) -> Sessions {
    let Core { db, clock, limits, .. } = core.clone();
    Sessions::new(db, clock, limits, passwords.clone(), keys, config)
}

fn accounts_of(
    core: &Core,
    config: &Config,
    passwords: Passwords,
    (sessions, decisions): (&Sessions, &Decisions),
) -> Accounts {
    let Core { db, clock, limits, hooks } = core.clone();
    Accounts::new(accounts::Parts {
        db,
        clock,
        limits,
        hooks,
        passwords,
        sessions: sessions.clone(),
        decisions: decisions.clone(),
        mode: config.accounts.registration,
    })
}

/// What leaves as mail, and what mails prove.
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Mailing {
    pub credentials: Credentials,
    pub digests: Digests,
    pub mails: Mails,
}

impl Mailing {
    fn new(
        core: &Core,
        config: &Config,
        (passwords, sessions): (Passwords, &Sessions),
        notifications: &Notifications,
    ) -> Result<Self, MailerError> {
        let Core { db, clock, limits, .. } = core.clone();
        let credentials = Credentials::new(credentials::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits: Arc::clone(&limits),
            passwords,
            sessions: sessions.clone(),
        });
        let digests = Digests::new(digests::Parts {
            db: db.clone(),
            clock: clock.clone(),
            limits,
            notifications: notifications.clone(),
            window: config.mail.digest_window(),
        });
        let (mailer, unread) = (Mailer::new(config)?, Arc::new(digests.clone()));
        let mails = Mails::new(mail::Parts { db, clock, mailer, unread }, config);
        Ok(Self { credentials, digests, mails })
    }
}

fn effects_of(
    core: &Core,
    (forum, moderated): (&Forum, &Moderated),
    (accounts, notifications, webhooks): (&Accounts, &Notifications, &Webhooks),
) -> Effects {
    let Core { db, clock, .. } = core.clone();
    Effects::new(effects::Parts {
        db,
        clock,
        accounts: accounts.clone(),
        bans: forum.bans.clone(),
        comments: forum.comments.clone(),
        moderation: moderated.moderation.clone(),
        notifications: notifications.clone(),
        webhooks: webhooks.clone(),
    })
}

type Told<'a> = (&'a Notifications, &'a Webhooks);

fn undos_of(core: &Core, forum: &Forum, moderated: &Moderated, told: Told<'_>) -> Undos {
    let Core { db, clock, limits, .. } = core.clone();
    Undos::new(undos::Parts {
        db,
        clock,
        limits,
        bans: forum.bans.clone(),
        comments: forum.comments.clone(),
        posts: forum.posts.clone(),
        moderation: moderated.moderation.clone(),
        notifications: told.0.clone(),
        review: moderated.review.clone(),
        webhooks: told.1.clone(),
    })
}

impl App {
    /// Builds the server. `compiler` is this program: it is started again to
    /// compile plugins in a process of its own.
    pub async fn build(
        config: Config,
        clock: Clock,
        compiler: PathBuf,
    ) -> Result<Self, StartError> {
        // On the heap: everything that is opened is held meanwhile.
        Box::pin(Self::assemble(config, clock, compiler)).await
    }

    #[expect(clippy::too_many_lines, reason = "a list of what there is, in its order")]
    async fn assemble(config: Config, clock: Clock, compiler: PathBuf) -> Result<Self, StartError> {
        // Before anything counts: what is counted without a recorder is lost.
        let metrics = recorder();
        let lifecycle = Lifecycle::new();
        let (core, keys, redis) = Core::open(&config, (clock, compiler), &lifecycle).await?;
        let Core { db, clock, limits, hooks } = core.clone();
        let outbound = outbound::Client::new(&config.outbound);
        let plugin_state = PluginState::new(db.clone(), clock.clone());
        hooks.lend(lent(&db, &plugin_state, &outbound));
        let passwords = Passwords::new(config.accounts.hash_concurrency)?;
        let sessions = sessions_of(&core, (&passwords, keys), &config);
        let decisions = Decisions::new(db.clone(), clock.clone(), config.decisions);
        let accounts = accounts_of(&core, &config, passwords.clone(), (&sessions, &decisions));
        let versions =
            PluginVersions::new(db.clone(), clock.clone(), Arc::clone(&limits), hooks.clone());
        let actions = ModActions::new(db.clone(), clock.clone(), hooks.clone(), decisions.clone());
        communities::ensure_general(&db, clock.now()).await?;
        let forum = Forum::new(&config, (&core, redis.clone()), &decisions, &actions);
        let Operated { envelopes, plugins, plugin_files } =
            Operated::new(&config, (&core, &lifecycle), &versions, &forum.communities);
        plugins.load_all().await?;
        let plugin_stats = PluginStats::new(db.clone(), clock.clone(), plugins.clone());
        let trials = trials(&core, &decisions, &plugins, &forum);
        let moderated = Moderated::new(&core, &forum, (&actions, &decisions));
        let Moderated { warnings, moderation, reports, appeals, review } = moderated.clone();
        let notifications = notifications_of(&core, (&sessions, &decisions), lifecycle.clone());
        let mailing = Mailing::new(&core, &config, (passwords, &sessions), &notifications)?;
        let webhooks = webhooks_of(&core, &forum, &notifications, outbound.clone());
        let effects =
            effects_of(&core, (&forum, &moderated), (&accounts, &notifications, &webhooks));
        let media = media_of(&core, &decisions, &config).await;
        let jobs = JobAdmin::new(db.clone(), clock.clone(), Arc::clone(&limits));
        let undos = undos_of(&core, &forum, &moderated, (&notifications, &webhooks));
        let after_hooks = AfterHooks::new(&db, hooks.clone(), decisions.clone());
        Ok(Self {
            config,
            clock,
            lifecycle,
            metrics,
            db,
            redis,
            limits,
            hooks,
            outbound,
            plugin_state,
            sessions,
            decisions,
            accounts,
            mailing,
            plugins,
            versions,
            envelopes,
            plugin_files,
            plugin_stats,
            trials,
            forum,
            review,
            after_hooks,
            effects,
            undos,
            jobs,
            media,
            notifications,
            actions,
            moderation,
            warnings,
            webhooks,
            reports,
            appeals,
        })
    }
}

async fn media_of(core: &Core, decisions: &Decisions, config: &Config) -> Media {
    let Core { db, clock, limits, hooks } = core.clone();
    let settings = config.media.clone();
    Media::new(media::Parts {
        db,
        clock,
        limits,
        hooks,
        decisions: decisions.clone(),
        blobs: Blobs::open(config).await,
        studio: Studio::new(settings.decode_concurrency, settings.bounds()),
        settings,
    })
}

fn notifications_of(
    core: &Core,
    (sessions, decisions): (&Sessions, &Decisions),
    lifecycle: Lifecycle,
) -> Notifications {
    let Core { db, clock, limits, hooks } = core.clone();
    let (sessions, decisions) = (sessions.clone(), decisions.clone());
    Notifications::new(notifications::Parts {
        db,
        clock,
        limits,
        hooks,
        decisions,
        sessions,
        lifecycle,
    })
}

fn webhooks_of(
    core: &Core,
    forum: &Forum,
    notifications: &Notifications,
    outbound: outbound::Client,
) -> Webhooks {
    let Core { db, clock, limits, .. } = core.clone();
    let (communities, notifications) = (forum.communities.clone(), notifications.clone());
    Webhooks::new(webhooks::Parts { db, clock, limits, communities, notifications, outbound })
}

fn trials(
    core: &Core,
    decisions: &Decisions,
    plugins: &PluginAdmin,
    forum: &Forum,
) -> PluginTrials {
    let Core { db, clock, limits, hooks } = core.clone();
    PluginTrials::new(plugin_trials::Parts {
        db,
        clock,
        limits,
        hooks,
        decisions: decisions.clone(),
        plugins: plugins.clone(),
        bans: forum.bans.clone(),
        communities: forum.communities.clone(),
        posts: forum.posts.clone(),
    })
}

/// How plugins are put to work.
struct Operated {
    envelopes: Envelopes,
    plugins: PluginAdmin,
    plugin_files: PluginFiles,
}

impl Operated {
    fn new(
        config: &Config,
        (core, lifecycle): (&Core, &Lifecycle),
        versions: &PluginVersions,
        communities: &Communities,
    ) -> Self {
        let Core { db, clock, limits, hooks } = core.clone();
        let envelopes =
            Envelopes::new(db.clone(), clock.clone(), Arc::clone(&limits), communities.clone());
        let folder = config.plugins.watched();
        let plugins = PluginAdmin::new(plugin_admin::Parts {
            db,
            clock,
            limits,
            hooks,
            lifecycle: lifecycle.clone(),
            envelopes: envelopes.clone(),
            has_files: folder.is_some(),
        });
        let plugin_files = PluginFiles::new(plugin_files::Parts {
            folder,
            versions: versions.clone(),
            plugins: plugins.clone(),
        });
        Self { envelopes, plugins, plugin_files }
    }
}

/// What the plugin host answers plugins from.
fn lent(db: &Db, state: &PluginState, outbound: &outbound::Client) -> Ports {
    let reads = Arc::new(PluginReads::new(db.clone()));
    Ports {
        state: Arc::new(state.clone()),
        event: Arc::clone(&reads) as _,
        forum: reads,
        http: Arc::new(outbound.clone()),
    }
}

/// A folder that only its owner can look into: it holds keys and everybody's mail address.
pub(crate) fn make_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// The process's one recorder of metrics.
fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            // Fails for an empty list only.
            let builder =
                builder.set_buckets(DURATION_BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Fails when there is a recorder already: then that one has the figures.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}
