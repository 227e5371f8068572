//! The REST API of a server, as its commands use it. Unlike `outbound`, this
//! goes wherever the person at the keyboard says, this machine included.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use crate::base::{secret::Secret, text::one_line};

/// Which server. Who asks it is in the environment variable `GATHERLY_TOKEN`.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// Address of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
}

/// The variable that holds the access token of an admin or moderator: arguments
/// can be seen by everybody on the machine.
const TOKEN: &str = "GATHERLY_TOKEN";

/// A server that is asked as somebody.
pub(super) struct Client {
    base: String,
    token: Secret<String>,
    http: Http<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Server {
    pub(super) fn client(self) -> anyhow::Result<Client> {
        let token = std::env::var_os(TOKEN).and_then(|token| token.into_string().ok());
        let token = token.with_context(|| format!("put an access token into {TOKEN}"))?;
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Ok(Client {
            base: format!("{}/api/v1", self.server.trim_end_matches('/')),
            token: Secret::new(token),
            http: Http::builder(TokioExecutor::new()).build(connector),
        })
    }
}

impl Client {
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, "application/json", Bytes::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, "application/json", body.to_string().into()).await
    }

    /// Sends a component.
    pub(super) async fn upload(&self, path: &str, component: &[u8]) -> anyhow::Result<Value> {
        let body = Bytes::copy_from_slice(component);
        self.send(Method::POST, path, "application/wasm", body).await
    }

    /// Sends a body of some type and gives the answer's JSON. A refusal is an
    /// error with the server's words.
    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose()))
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(body))
            .with_context(|| format!("{url} is no address"))?;
        let answer = self.http.request(request).await.with_context(|| format!("asking {url}"))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.context("reading the answer")?.to_bytes();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if !status.is_success() {
            bail!("{}", problem(status, &json));
        }
        Ok(json)
    }
}

/// What the server said is wrong.
fn problem(status: StatusCode, problem: &Value) -> String {
    let text = |name: &str| problem.get(name).and_then(Value::as_str);
    // A terminal shows this: the server's words may not forge lines or move the cursor.
    let mut said = text("code").map_or_else(|| status.to_string(), one_line);
    if let Some(detail) = text("detail").or_else(|| text("title")) {
        said = format!("{said}: {}", one_line(detail));
    }
    for error in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
        said = format!("{said}\n  {}", one_line(&error.to_string()));
    }
    said
}
