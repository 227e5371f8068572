//! `gatherly serve`: the forum, until a signal.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::{demo::Demo, logging};
use crate::{
    app::App, base::clock::Clock, config::Config, http::server, lifecycle::StopSignals, routes,
    workers,
};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Fill an empty forum with people and posts, bind a policy, and say what to try
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        logging::start(&config.log)?;
        let mut signals = StopSignals::listen().context("listening for signals")?;
        let listener = TcpListener::bind(config.server.listen)
            .await
            .with_context(|| format!("server.listen: {} cannot be used", config.server.listen))?;
        let started = tokio::select! {
            started = Box::pin(self.start(config)) => started?,
            () = signals.next() => {
                logging::tell("gatherly: stopped before it was ready; the same command goes on from there");
                return Ok(ExitCode::SUCCESS);
            }
        };
        let Started { app, demo } = started;
        serve_metrics(&app).await?;
        workers::start(&app);
        logging::print(&format!("Gatherly listens on {}", app.config.public_url()));
        match &demo {
            Some(demo) => logging::print(&demo.tour(&app).await?),
            None if app.config.server.docs => {
                logging::print(&format!("Swagger UI: {}/docs", app.config.public_url()));
            }
            None => {}
        }
        let serving =
            server::serve(listener, routes::endpoint(&app), &app.config.server, &app.lifecycle);
        tokio::select! {
            () = serving => {}
            () = app.lifecycle.second_signal(signals) => {
                logging::tell("gatherly: stopped at once");
                return Ok(ExitCode::FAILURE);
            }
        }
        app.lifecycle.finish(app.config.server.shutdown_timeout()).await;
        app.db.close().await;
        Ok(ExitCode::SUCCESS)
    }

    /// Everything before the first request.
    async fn start(&self, config: Config) -> anyhow::Result<Started> {
        let demo = if self.demo { Some(Box::pin(Demo::prepare(&config)).await?) } else { None };
        let app = App::build(config, Clock::system(), super::compiler()?).await?;
        Ok(Started { app, demo })
    }
}

/// A server that is about to answer.
struct Started {
    app: App,
    demo: Option<Demo>,
}

async fn serve_metrics(app: &App) -> anyhow::Result<()> {
    let Some(address) = app.config.server.metrics_address() else { return Ok(()) };
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("server.metrics_listen: {address} cannot be used; \"\" turns it off")
    })?;
    let (endpoint, settings) = (routes::metrics_endpoint(app), app.config.server.clone());
    let lifecycle = app.lifecycle.clone();
    app.lifecycle.spawn(async move {
        server::serve(listener, endpoint, &settings, &lifecycle).await;
    });
    Ok(())
}
