//! `kind = "webhook"`: a signed POST to a program of one's own, after the Standard Webhooks
//! specification (<https://www.standardwebhooks.com>).
//!
//! ```toml
//! [notify.desk]
//! kind = "webhook"
//! url = "https://desk.example.com/fence"
//! secret_env = "FENCE_DESK_SECRET"
//! ```

use super::http::guard::Lookup;
use super::http::{self, Http};
use super::secret::Secret;
use super::settings::{Made, Making, SettingsError, Span};
use super::{Channel, Delivering, DeliveryError, Notice, Receipt};
use crate::approvals::RequestView;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};
use std::sync::Arc;
use std::time::Duration;

/// The shortest key that the specification allows, in bytes.
const SHORTEST_KEY: usize = 24;

/// A receiver of signed POSTs.
pub struct Webhook {
    http: Http,
    /// The present secret, and during a rotation the one before.
    signers: Vec<Signer>,
    timeout: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: Option<String>,
    url_env: Option<String>,
    url_file: Option<String>,
    secret_env: Option<String>,
    secret_file: Option<String>,
    old_secret_env: Option<String>,
    old_secret_file: Option<String>,
    #[serde(default)]
    allow_private: bool,
    timeout: Option<Span>,
}

/// The channel as the settings have it.
pub(super) fn make(making: &Making<'_>) -> Result<Made, SettingsError> {
    let written: Written = making.read()?;
    let url = match written.url {
        Some(url) if written.url_env.is_none() && written.url_file.is_none() => Secret::new(url),
        Some(_) => return Err(SettingsError::Twice("url")),
        None => making.secret("url", written.url_env, written.url_file)?,
    };
    let secret = making.secret("secret", written.secret_env, written.secret_file)?;
    let old = making.secret_if("old_secret", written.old_secret_env, written.old_secret_file)?;
    let timeout = making.timeout(written.timeout)?;
    let allow = written.allow_private;
    let channel = Webhook::new(&url, &secret, old.as_ref(), allow, timeout, making.lookup())?;
    Ok(Made::of(Arc::new(channel)))
}

impl Webhook {
    /// A receiver at `url`; what it gets is signed with `secret`, and with `old` as well while
    /// the receiver changes over.
    ///
    /// # Errors
    /// An address that is not allowed, a secret that is none.
    pub fn new(
        url: &Secret,
        secret: &Secret,
        old: Option<&Secret>,
        allow_private: bool,
        timeout: Duration,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, SettingsError> {
        let http = Http::new(url.expose(), allow_private, timeout, lookup)?;
        let signers = [Some(secret), old].into_iter().flatten().map(signer);
        Ok(Self { http, signers: signers.collect::<Result<_, _>>()?, timeout })
    }

    async fn post(&self, notice: &Notice) -> Result<Option<Receipt>, DeliveryError> {
        let body = serde_json::to_vec(&Payload::of(notice)).map_err(unfit)?;
        let headers = self.headers(notice, &body)?;
        let response = http::send(self.http.post().headers(headers).body(body)).await?;
        // The answer's body says nothing that we need: it is left unread.
        if response.status().is_success() { Ok(None) } else { Err(http::refused(&response)) }
    }

    fn headers(&self, notice: &Notice, body: &[u8]) -> Result<HeaderMap, DeliveryError> {
        let id = &notice.delivery;
        let timestamp = notice.at.micros().div_euclid(1_000_000);
        let sign = |signer: &Signer| signer.sign(id, timestamp, body).map_err(unfit);
        let signatures = self.signers.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
        let header = |text: &str| HeaderValue::from_str(text).map_err(unfit);
        Ok(HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (HEADER_WEBHOOK_ID.parse().map_err(unfit)?, header(id)?),
            (HEADER_WEBHOOK_TIMESTAMP.parse().map_err(unfit)?, header(&timestamp.to_string())?),
            (HEADER_WEBHOOK_SIGNATURE.parse().map_err(unfit)?, header(&signatures.join(" "))?),
        ]))
    }
}

impl Channel for Webhook {
    fn deliver<'a>(&'a self, notice: &'a Notice, _: &'a [Receipt]) -> Delivering<'a> {
        Box::pin(self.post(notice))
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn tells_every_end(&self) -> bool {
        true
    }
}

/// What is posted.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: String,
    /// The time of this attempt.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    link: Option<&'a str>,
    /// The accounts whose answer counts.
    asked: Vec<&'a str>,
    request: &'a RequestView,
}

impl<'a> Payload<'a> {
    fn of(notice: &'a Notice) -> Self {
        Self {
            kind: format!("request.{}", notice.what.word()),
            timestamp: notice.at.to_string(),
            data: Data {
                link: notice.link.as_deref(),
                asked: notice.asked.iter().map(|person| person.id.as_str()).collect(),
                request: &notice.request,
            },
        }
    }
}

/// A signer for a secret of at least [`SHORTEST_KEY`] bytes in base64, with or without `whsec_`.
fn signer(secret: &Secret) -> Result<Signer, SettingsError> {
    let text = secret.expose().trim_start_matches("whsec_").trim_end_matches('=');
    let signer = Signer::new(secret.expose()).map_err(|_| SettingsError::WebhookSecret)?;
    if text.len() * 3 / 4 < SHORTEST_KEY {
        return Err(SettingsError::WebhookSecret);
    }
    Ok(signer)
}

/// What cannot be sent now can never be sent.
fn unfit(error: impl std::fmt::Display) -> DeliveryError {
    DeliveryError::Never(format!("the notice cannot be written: {error}"))
}
