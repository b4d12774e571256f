//! `kind = "slack"`: a card in a Slack channel, with buttons, kept up to date in place.
//!
//! ```toml
//! [notify.team]
//! kind = "slack"
//! channel = "C0123456789"
//! token_env = "FENCE_SLACK_TOKEN"
//! signing_secret_env = "FENCE_SLACK_SIGNING_SECRET"
//! ```
//!
//! What the buttons send back is verified and read in [`Door`], and done by [`carry_out`].

mod action;
mod blocks;
mod door;
mod press;
mod replies;

pub use action::{Action, Answer};
pub use door::{Door, SlackRefusal, verify};
pub use press::carry_out;

use super::http::guard::Lookup;
use super::http::{self, Http};
use super::secret::Secret;
use super::settings::{Made, Making, SettingsError, Span};
use super::{Channel, Delivering, DeliveryError, Notice, Receipt, What};
use replies::Reply;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Where Slack's methods are.
const API: &str = "https://slack.com/api/";

/// The longest answer that is read.
const LONGEST_REPLY: usize = 256 * 1024;

/// A channel in a Slack workspace.
pub struct Slack {
    http: Http,
    authorization: HeaderValue,
    channel: String,
    /// Whether buttons can come back: only with a signing secret.
    buttons: bool,
    timeout: Duration,
}

/// How to reach it.
pub struct SlackOptions {
    /// The channel's id, such as `C0123456789`.
    pub channel: String,
    /// The bot's token (`xoxb-…`).
    pub token: Secret,
    /// Whether cards carry buttons.
    pub buttons: bool,
    /// Where Slack's methods are; Slack's own address unless tested.
    pub api: Option<String>,
    /// Lets `api` be a private address.
    pub allow_private: bool,
    /// After how long an attempt is given up.
    pub timeout: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    channel: String,
    token_env: Option<String>,
    token_file: Option<String>,
    signing_secret_env: Option<String>,
    signing_secret_file: Option<String>,
    team: Option<String>,
    api: Option<String>,
    #[serde(default)]
    allow_private: bool,
    timeout: Option<Span>,
}

/// The channel as the settings have it.
pub(super) fn make(making: &Making<'_>) -> Result<Made, SettingsError> {
    let written: Written = making.read()?;
    let signing = making.secret_if(
        "signing_secret",
        written.signing_secret_env,
        written.signing_secret_file,
    )?;
    let options = SlackOptions {
        channel: written.channel,
        token: making.secret("token", written.token_env, written.token_file)?,
        buttons: signing.is_some(),
        api: written.api,
        allow_private: written.allow_private,
        timeout: making.timeout(written.timeout)?,
    };
    let mut made = Made::of(Arc::new(Slack::new(&options, making.lookup())?));
    made.door = signing.map(|secret| Door::new(secret, written.team));
    Ok(made)
}

impl Slack {
    /// The channel that these options lead to.
    ///
    /// # Errors
    /// An address that is not allowed, a token that cannot be sent.
    pub fn new(options: &SlackOptions, lookup: Arc<dyn Lookup>) -> Result<Self, SettingsError> {
        let api = options.api.as_deref().unwrap_or(API);
        let http = Http::new(api, options.allow_private, options.timeout, lookup)
            .map_err(|error| SettingsError::Address("api", error))?;
        let bearer = format!("Bearer {}", options.token.expose());
        let mut authorization = HeaderValue::from_str(&bearer)
            .map_err(|_| SettingsError::Other("the token is none of Slack's".to_owned()))?;
        authorization.set_sensitive(true);
        Ok(Self {
            http,
            authorization,
            channel: options.channel.clone(),
            buttons: options.buttons,
            timeout: options.timeout,
        })
    }

    async fn tell(
        &self,
        notice: &Notice,
        earlier: &[Receipt],
    ) -> Result<Option<Receipt>, DeliveryError> {
        // The old cards first: were the new one first, a fault in between would post it again.
        if notice.what != What::Escalated {
            for receipt in earlier {
                self.update(notice, receipt).await?;
            }
        }
        let told = match notice.what {
            What::Voted => true,
            What::Preview | What::Ended => !earlier.is_empty(),
            What::Opened | What::Escalated | What::BrokenGlass => false,
        };
        if told { Ok(None) } else { self.post(notice).await.map(Some) }
    }

    async fn post(&self, notice: &Notice) -> Result<Receipt, DeliveryError> {
        let mut reply = self.post_message(blocks::message(notice, self.buttons)).await?;
        if reply.is_our_fault() {
            reply = self.post_message(blocks::line(notice)).await?;
        }
        match reply {
            Reply { ok: true, ts: Some(ts), channel: Some(channel), .. } => {
                Ok(Place { channel, ts }.receipt())
            }
            Reply { ok: true, .. } => {
                Err(DeliveryError::Never("Slack posted, but did not say where".to_owned()))
            }
            refused => Err(refused.error()),
        }
    }

    async fn post_message(&self, mut message: Value) -> Result<Reply, DeliveryError> {
        message["channel"] = Value::from(self.channel.as_str());
        self.call("chat.postMessage", &message).await
    }

    async fn update(&self, notice: &Notice, receipt: &Receipt) -> Result<(), DeliveryError> {
        let Some(place) = Place::of(receipt) else { return Ok(()) };
        let mut message = match notice.what {
            What::Opened => blocks::replaced(notice),
            _ => blocks::message(notice, self.buttons),
        };
        message["channel"] = Value::from(place.channel);
        message["ts"] = Value::from(place.ts);
        let reply = self.call("chat.update", &message).await?;
        // A card that somebody deleted needs no update.
        if reply.ok || reply.card_is_gone() { Ok(()) } else { Err(reply.error()) }
    }

    async fn call(&self, method: &str, message: &Value) -> Result<Reply, DeliveryError> {
        let request = self.http.post_to(method)?;
        let request = request.header("authorization", self.authorization.clone()).json(message);
        let response = http::send(request).await?;
        if !response.status().is_success() {
            return Err(match http::refused(&response) {
                // Slack itself is never gone.
                DeliveryError::Gone(reason) => DeliveryError::later(reason),
                other => other,
            });
        }
        let bytes = http::read(response, LONGEST_REPLY).await?;
        serde_json::from_slice(&bytes)
            .map_err(|_| DeliveryError::later("Slack's answer is not what it should be"))
    }
}

impl Channel for Slack {
    fn deliver<'a>(&'a self, notice: &'a Notice, earlier: &'a [Receipt]) -> Delivering<'a> {
        Box::pin(self.tell(notice, earlier))
    }

    fn keeps_cards(&self) -> bool {
        true
    }

    /// For as many calls as there may be cards.
    fn timeout(&self) -> Duration {
        self.timeout * 4
    }
}

/// Where a card is.
#[derive(Serialize, Deserialize)]
struct Place {
    channel: String,
    ts: String,
}

impl Place {
    fn receipt(&self) -> Receipt {
        Receipt(serde_json::to_string(self).unwrap_or_default())
    }

    fn of(receipt: &Receipt) -> Option<Self> {
        serde_json::from_str(&receipt.0).ok()
    }
}
