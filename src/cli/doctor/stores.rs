//! Where pictures are kept and mail goes.

use bytes::Bytes;

use super::host::takes_files;
use crate::{
    base::{
        clock::Clock,
        finding::{Finding, reasons},
        ids::new_uuid,
    },
    blobs::{Blobs, Key, Unavailable},
    config::{Config, MailTransport, MediaStore},
    outbound::mail::Mailer,
};

const PICTURES: &str = "pictures";
const MAIL: &str = "mail";
/// What the object of this look is called and holds: the sweep of files that
/// belong to nothing takes it, if this is killed.
const NAME: &str = "doctor";
const CONTENT: &[u8] = b"here";
const MEDIA_TYPE: &str = "text/plain";

pub(super) async fn pictures(config: &Config, clock: &Clock) -> Vec<Finding> {
    let (place, advice) = match config.media.store {
        MediaStore::Local if !config.data_dir.is_dir() => {
            return vec![Finding::ok(PICTURES, "in the data folder, which is not there yet")];
        }
        MediaStore::Local => ("folder", "let the server's user write in media of the data folder"),
        MediaStore::S3 => (
            "bucket",
            "see that media.s3 names it, that credentials are in the environment or the role, and \
             that they may do what deploy/iam-policy.json lists",
        ),
    };
    let blobs = Blobs::open(config).await;
    let key = Key::new(new_uuid(clock.now()), NAME);
    vec![match kept(&blobs, &key).await {
        Ok(true) => Finding::ok(PICTURES, format!("the {place} takes, gives and deletes")),
        Ok(false) => {
            let seen = format!("the {place} gives something else than it took");
            Finding::failed(PICTURES, seen, "see what else writes there")
        }
        Err(error) => Finding::failed(PICTURES, reasons(&error), advice),
    }]
}

/// Whether an object is there as it was put; it is deleted in any case.
async fn kept(blobs: &Blobs, key: &Key) -> Result<bool, Unavailable> {
    blobs.put(key, Bytes::from_static(CONTENT), MEDIA_TYPE).await?;
    let found = blobs.get(key).await;
    blobs.delete(key).await?;
    Ok(found?.is_some_and(|found| found == CONTENT))
}

pub(super) async fn mail(config: &Config) -> Vec<Finding> {
    vec![match config.mail.transport {
        MailTransport::Folder => in_folder(config),
        MailTransport::Smtp => at_server(config).await,
    }]
}

fn in_folder(config: &Config) -> Finding {
    let folder = config.mail_folder();
    let shown = folder.display();
    match takes_files(&folder) {
        Ok(()) => {
            let seen = format!("files in {shown}: nobody is sent them");
            if config.public_url().starts_with("https://") {
                return Finding::warning(
                    MAIL,
                    seen,
                    "set mail.transport = \"smtp\" and its server",
                );
            }
            Finding::ok(MAIL, seen)
        }
        Err(error) => {
            let seen = format!("{shown} cannot be written: {error}");
            Finding::failed(MAIL, seen, "make it the server's user's")
        }
    }
}

async fn at_server(config: &Config) -> Finding {
    let settings = &config.mail;
    let place = format!("{}:{}", settings.smtp_host, settings.smtp_port);
    let mailer = match Mailer::new(config) {
        Ok(mailer) => mailer,
        Err(error) => return Finding::failed(MAIL, reasons(&error), "correct the setting"),
    };
    match mailer.reach().await {
        Ok(()) if settings.smtp_user.is_empty() => Finding::ok(MAIL, format!("{place} answers")),
        Ok(()) => Finding::ok(MAIL, format!("{place} lets {} in", settings.smtp_user)),
        Err(error) => {
            let advice = "see that mail.smtp_host, smtp_port, smtp_tls, smtp_user and the password \
                          are right, and that this machine may reach it; mails wait meanwhile";
            Finding::failed(MAIL, format!("{place}: {}", reasons(&error)), advice)
        }
    }
}
