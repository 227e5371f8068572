//! A store of buckets, in this process: it speaks as S3 does, and keeps its files
//! in a folder.

use std::path::PathBuf;

use gatherly::lifecycle::Lifecycle;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use super::app::Folder;

/// Who may use it.
pub const ACCESS_KEY: &str = "test-access-key";
pub const SECRET_KEY: &str = "test-secret-key";
/// Its one bucket.
pub const BUCKET: &str = "pictures";
/// What tells a client who it is.
pub const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
    ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// A store that runs until it is dropped, with its files.
pub struct Bucket {
    pub endpoint: String,
    folder: Folder,
    lifecycle: Lifecycle,
}

impl Bucket {
    pub async fn start() -> Self {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.0.join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(&folder.0).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let lifecycle = Lifecycle::new();
        let serving = lifecycle.clone();
        lifecycle.spawn(async move {
            loop {
                let socket = tokio::select! {
                    () = serving.closing() => break,
                    accepted = listener.accept() => accepted.unwrap().0,
                };
                let (service, closing) = (service.clone(), serving.clone());
                serving.spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let connection = builder.serve_connection(TokioIo::new(socket), service);
                    tokio::select! {
                        () = closing.closing() => {}
                        _ = connection => {}
                    }
                });
            }
        });
        Self { endpoint, folder, lifecycle }
    }

    /// Where an object is kept.
    pub fn file(&self, key: &str) -> PathBuf {
        self.folder.0.join(BUCKET).join(key)
    }

    /// The store is gone, and its files are not.
    pub async fn stop(&self) {
        self.lifecycle.stop().await;
    }
}
