//! Files in a bucket of S3, or of a store that speaks like it. Credentials come by
//! the usual chain: environment, profile, container, instance role. Every request
//! has a time-out, and is tried again once.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
    operation::{get_object::GetObjectError, head_object::HeadObjectError},
    presigning::PresigningConfig,
    primitives::ByteStream,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::Bytes;

use super::{Key, Listed, Unavailable};
use crate::config;

/// How long connecting may take: a store is near, or it is not there.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt may take: 10 MiB at 10 Mbit/s.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long both attempts may take together: a request of ours takes no longer.
const OPERATION: Duration = Duration::from_secs(20);
/// The first, and one more.
const ATTEMPTS: u32 = 2;
/// How long a signed address is good: time to show a page.
const SIGNED: Duration = Duration::from_mins(5);

/// A bucket.
#[derive(Clone, Debug)]
pub struct S3 {
    client: Client,
    bucket: String,
    /// What all keys begin with.
    prefix: String,
}

impl S3 {
    /// The bucket that the settings name. Nothing is asked of it yet.
    pub(super) async fn open(settings: &config::S3) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if !settings.region.is_empty() {
            loader = loader.region(Region::new(settings.region.clone()));
        }
        if !settings.endpoint.is_empty() {
            loader = loader.endpoint_url(settings.endpoint.clone());
        }
        let shared = loader.load().await;
        let mut builder =
            aws_sdk_s3::config::Builder::from(&shared).force_path_style(settings.path_style);
        if settings.checksums == config::Checksums::WhenRequired {
            builder = builder
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        Self {
            client: Client::from_conf(builder.build()),
            bucket: settings.bucket.clone(),
            prefix: settings.prefix.clone(),
        }
    }

    fn key(&self, key: &Key) -> String {
        format!("{}{}", self.prefix, key.as_str())
    }

    pub(super) async fn put(
        &self,
        key: &Key,
        bytes: Bytes,
        media_type: &str,
    ) -> Result<(), Unavailable> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(self.key(key))
            .content_type(media_type)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map(drop)
            .map_err(Unavailable::new)
    }

    pub(super) async fn get(&self, key: &Key) -> Result<Option<Bytes>, Unavailable> {
        let asked = self.client.get_object().bucket(&self.bucket).key(self.key(key)).send().await;
        let found = match asked {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(Unavailable::new(error)),
        };
        let body = found.body.collect().await.map_err(Unavailable::new)?;
        Ok(Some(body.into_bytes()))
    }

    pub(super) async fn has(&self, key: &Key) -> Result<bool, Unavailable> {
        let asked = self.client.head_object().bucket(&self.bucket).key(self.key(key)).send().await;
        match asked {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => {
                Ok(false)
            }
            Err(error) => Err(Unavailable::new(error)),
        }
    }

    pub(super) async fn delete(&self, key: &Key) -> Result<(), Unavailable> {
        let asked = self.client.delete_object().bucket(&self.bucket).key(self.key(key));
        asked.send().await.map(drop).map_err(Unavailable::new)
    }

    /// A thousand files; the list goes on behind the last.
    pub(super) async fn list(&self, after: Option<String>) -> Result<Listed, Unavailable> {
        let asked = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&self.prefix)
            .set_continuation_token(after);
        let found = asked.send().await.map_err(Unavailable::new)?;
        let names = found.contents().iter().filter_map(|object| object.key());
        let keys = names.filter_map(|name| Key::parse(name.strip_prefix(&self.prefix)?)).collect();
        Ok(Listed { keys, next: found.next_continuation_token().map(str::to_owned) })
    }

    /// An address at which anybody can read a file for a while, under this type
    /// and name.
    pub(super) async fn signed(
        &self,
        key: &Key,
        (media_type, disposition): (&str, &str),
    ) -> Result<String, Unavailable> {
        let terms = PresigningConfig::expires_in(SIGNED).map_err(Unavailable::new)?;
        let signed = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(self.key(key))
            .response_content_type(media_type)
            .response_content_disposition(disposition)
            .presigned(terms)
            .await
            .map_err(Unavailable::new)?;
        Ok(signed.uri().to_owned())
    }
}
