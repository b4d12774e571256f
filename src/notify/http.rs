//! Requests to other servers, bounded in every direction.
//!
//! No redirects, no proxies from the environment, a deadline for the whole exchange, and the
//! address is checked at the moment of connecting ([`guard`]), so that no name can lead inwards.

pub mod guard;

use super::DeliveryError;
use fence_engine::show::printable;
use guard::{Guarded, Lookup, NotPublic};
use reqwest::{Client, Response, StatusCode, Url};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The longest wait that another server can impose by `Retry-After`.
const LONGEST_WAIT: Duration = Duration::from_hours(12);

/// A client for one channel.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
    url: Url,
}

/// Why a channel cannot send to an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Not an address of the web.
    #[error("this is no address: write `https://HOST/PATH`")]
    NotUrl,
    /// Not encrypted.
    #[error("only `https` is allowed, unless the channel says `allow_private = true`")]
    NotHttps,
    /// A literal address that is not public.
    #[error("{0}; `allow_private = true` allows it for this channel")]
    NotPublic(#[from] NotPublic),
    /// The client cannot be built.
    #[error("no client for it: {0}")]
    Client(String),
}

impl Http {
    /// A client for this address. Private addresses are let through, and plain http allowed, only
    /// where `allow_private` says so.
    ///
    /// # Errors
    /// [`HttpError`].
    pub(super) fn new(
        url: &str,
        allow_private: bool,
        timeout: Duration,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, HttpError> {
        let url = Url::parse(url).map_err(|_| HttpError::NotUrl)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(HttpError::NotUrl);
        }
        if !allow_private {
            // The resolver is never asked about a literal address.
            guard::literal(&url)?;
            if url.scheme() != "https" {
                return Err(HttpError::NotHttps);
            }
        }
        // Fails only where another part installed a provider before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(concat!("fence/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!allow_private)
            .http1_only()
            .timeout(timeout)
            .connect_timeout(timeout);
        let builder = match allow_private {
            true => builder,
            false => builder.dns_resolver(Guarded::new(lookup)),
        };
        let client = builder.build().map_err(|error| HttpError::Client(innermost(&error)))?;
        Ok(Self { client, url })
    }

    /// A POST to the address itself.
    pub(super) fn post(&self) -> reqwest::RequestBuilder {
        self.client.post(self.url.clone())
    }

    /// A POST to a path below the address.
    pub(super) fn post_to(&self, path: &str) -> Result<reqwest::RequestBuilder, DeliveryError> {
        let url = self.url.join(path).map_err(|_| DeliveryError::Never("no such path".into()))?;
        Ok(self.client.post(url))
    }
}

/// Sends; what fails on the way may work later. The texts never hold the address, which may be
/// a secret.
pub(super) async fn send(request: reqwest::RequestBuilder) -> Result<Response, DeliveryError> {
    request.send().await.map_err(|error| {
        let what = match &error {
            error if error.is_timeout() => "no answer in time".to_owned(),
            error if error.is_connect() => format!("cannot connect: {}", innermost(error)),
            error => format!("the exchange failed: {}", innermost(error)),
        };
        DeliveryError::later(what)
    })
}

/// At most `most` bytes of an answer; one that is longer is an error.
pub(super) async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, DeliveryError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk.map_err(|_| DeliveryError::later("the answer broke off"))?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        if bytes.len() + chunk.len() > most {
            return Err(DeliveryError::later(format!("the answer exceeds {most} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
}

/// What an answer other than success means for the next attempt.
pub(super) fn refused(response: &Response) -> DeliveryError {
    let status = response.status();
    let reason = format!("the receiver answered {}", status.as_u16());
    match status {
        StatusCode::GONE => DeliveryError::Gone(format!("{reason} (gone)")),
        status if status.is_redirection() => {
            DeliveryError::later(format!("{reason}: redirects are not followed"))
        }
        _ => DeliveryError::Later { reason, after: retry_after(response) },
    }
}

/// `Retry-After` in seconds or as a date, within bounds.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get("retry-after")?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = chrono::DateTime::parse_from_rfc2822(text).ok()?;
            SystemTime::from(until).duration_since(SystemTime::now()).ok()?
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The innermost cause, which unlike the outer ones names no address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(deeper) = cause.and_then(Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| "unknown cause".to_owned(), |cause| printable(&cause.to_string(), 200))
}
