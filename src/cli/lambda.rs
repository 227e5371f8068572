//! `gatherly lambda`: makes smaller copies of pictures beside the bucket, with the
//! code that the server does it with. It is called when a picture comes into the
//! bucket, and needs no database: the server sees that the copies are there.

use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;

use crate::{
    blobs::Blobs,
    config::{Config, MediaStore},
    jobs::Failure,
    media,
    outbound::{Invocation, Invocations},
    pictures::Studio,
};

/// Where the runtime says that it is.
const RUNTIME: &str = "AWS_LAMBDA_RUNTIME_API";
/// The kind of every error, as the runtime wants one.
const ERROR_TYPE: &str = "Gatherly.Resize";

/// What a bucket tells of what came into it.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    s3: Place,
}

#[derive(Debug, Deserialize)]
struct Place {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    /// As in the query of an address.
    key: String,
}

/// Does what it is called for, until the runtime is gone.
pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    super::logging::start(&config.log)?;
    if config.media.store != MediaStore::S3 {
        bail!("media.store: must be \"s3\"");
    }
    let address = std::env::var_os(RUNTIME).and_then(|address| address.into_string().ok());
    let address = address.with_context(|| format!("{RUNTIME} is not set"))?;
    let runtime = Invocations::new(&address)?;
    let blobs = Blobs::open(&config).await;
    let studio = Studio::new(config.media.decode_concurrency, config.media.bounds());
    loop {
        let Invocation { id, event } = runtime.next().await?;
        match resize(&event, &config.media.s3.prefix, (&blobs, &studio)).await {
            Ok(resized) => {
                runtime.respond(&id, json!({"resized": resized}).to_string()).await?;
            }
            Err(error) => {
                let message = format!("{error:#}");
                tracing::warn!(error = message, "pictures were not resized");
                let body = json!({"errorType": ERROR_TYPE, "errorMessage": message});
                runtime.fail(&id, (ERROR_TYPE, body.to_string())).await?;
            }
        }
    }
}

/// Makes the copies of the pictures that came; how many came.
async fn resize(
    event: &[u8],
    prefix: &str,
    (blobs, studio): (&Blobs, &Studio),
) -> anyhow::Result<usize> {
    let event: Event = serde_json::from_slice(event).context("not an event of a bucket")?;
    let mut resized = 0;
    for record in event.records {
        let key = decoded(&record.s3.object.key);
        let Some(id) = key.strip_prefix(prefix).and_then(media::original_of) else { continue };
        if let Err(failure) = media::make_copies((blobs, studio), id).await {
            let (Failure::Retry(why) | Failure::RetryAfter(_, why) | Failure::For(why)) = failure;
            bail!("{key}: {why}");
        }
        resized += 1;
    }
    Ok(resized)
}

/// A key as it is in the bucket.
fn decoded(key: &str) -> String {
    url::form_urlencoded::parse(format!("key={key}").as_bytes())
        .next()
        .map(|(_, key)| key.into_owned())
        .unwrap_or_default()
}
