//! The import `http`: requests to the hosts that were granted by name.
//!
//! What may be asked of whom is decided here; where a name leads, how long an
//! answer takes and how large it is, behind the port.

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::json;
use url::Url;
use wasmtime::{StoreContextMut, component::Linker};

use crate::{
    base::secret::sha256_hex,
    hooks::{
        answering::{Lent, answer},
        answers::{HttpError, HttpHeader, HttpMethod, HttpRequest, HttpResponse},
        catalogue::HookKind,
        model::Purpose,
        ports::HttpSend,
        sandbox::Guest,
    },
    outbound::{Client, Method, Refusal, Request},
};

/// Requests of one call: a look-up and a few more.
const REQUESTS: u32 = 4;
/// Largest body of a request, as `wit/` says.
const BODY_BYTES: usize = 256 << 10;

pub(super) fn link(linker: &mut Linker<Guest>, interface: &str) -> wasmtime::Result<()> {
    linker.instance(interface)?.func_wrap_async(
        "send",
        |mut store: StoreContextMut<'_, Guest>, (request,): (HttpRequest,)| {
            Box::new(async move { send(&mut store, request).await.map(|answer| (answer,)) })
        },
    )
}

async fn send(
    store: &mut StoreContextMut<'_, Guest>,
    request: HttpRequest,
) -> wasmtime::Result<Result<HttpResponse, HttpError>> {
    store.data_mut().spend_on_bytes(request.body.len())?;
    let checked = check(store.data_mut(), &request);
    // The body stands for itself by its hash: transcripts are short.
    let arguments = json!({
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "body_sha256": sha256_hex(&request.body),
    });
    let ask = |lent: Lent| async move {
        Ok(match checked {
            Ok(()) => lent.ports.http.send(request).await,
            Err(error) => Err(error),
        })
    };
    answer(store, "http.send", arguments, ask).await
}

/// Whether a request may be sent.
fn check(guest: &mut Guest, request: &HttpRequest) -> Result<(), HttpError> {
    let call = guest.call.as_ref().ok_or(HttpError::Denied)?;
    // What is only tried out reaches nobody outside.
    if !matches!(call.purpose, Purpose::Enforce | Purpose::Shadow) {
        return Err(HttpError::Denied);
    }
    let waited_for = call.event.hook().row().kind == HookKind::Deciding;
    if waited_for && !call.grants.http_in_decisions {
        return Err(HttpError::Denied);
    }
    let url = Url::parse(&request.url).map_err(|_| HttpError::Invalid)?;
    let host = url.host_str().ok_or(HttpError::Invalid)?;
    if !call.grants.http.iter().any(|granted| granted.eq_ignore_ascii_case(host)) {
        return Err(HttpError::Denied);
    }
    if request.body.len() > BODY_BYTES {
        return Err(HttpError::Invalid);
    }
    if guest.used.requests == REQUESTS {
        return Err(HttpError::TooMany);
    }
    guest.used.requests += 1;
    Ok(())
}

impl HttpSend for Client {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        let HttpRequest { method, url, headers, body } = request;
        let method = match method {
            HttpMethod::Get => Method::Get,
            HttpMethod::Post => Method::Post,
            HttpMethod::Put => Method::Put,
            HttpMethod::Delete => Method::Delete,
        };
        let headers = headers.into_iter().map(|header| (header.name, header.value)).collect();
        let request = Request { method, url, headers, body };
        async move {
            let answer = Self::send(self, request).await.map_err(|refusal| match refusal {
                Refusal::Invalid => HttpError::Invalid,
                Refusal::Denied => HttpError::Denied,
                Refusal::Unreachable | Refusal::TooLarge | Refusal::TimedOut => {
                    HttpError::Unreachable
                }
            })?;
            let header = |(name, value)| HttpHeader { name, value };
            Ok(HttpResponse {
                status: answer.status,
                headers: answer.headers.into_iter().map(header).collect(),
                body: answer.body,
            })
        }
        .boxed()
    }
}
