//! `kind = "email"`: a mail to those who are asked, over TLS.
//!
//! ```toml
//! [notify.mail]
//! kind = "email"
//! host = "smtp.example.com"
//! from = "Fence <fence@example.com>"
//! username = "fence"
//! password_env = "FENCE_SMTP_PASSWORD"
//! ```
//!
//! A mail only links to the request's page: programs follow links, so opening one decides nothing.

mod body;

use super::secret::Secret;
use super::settings::{Made, Making, SettingsError, Span};
use super::{Channel, Delivering, DeliveryError, Notice, Receipt};
use lettre::message::{Mailbox, Mailboxes, MultiPart, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error as SmtpError};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What is said of a server that hangs.
const LATE: &str = "the mail server did not answer in time";

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// A mail server, and to whom it takes mails.
pub struct Email {
    transport: Transport,
    from: Mailbox,
    /// Who gets every mail, besides those who are asked.
    to: Vec<Mailbox>,
    timeout: Duration,
}

/// How to reach a mail server.
pub struct EmailOptions {
    /// Its name.
    pub host: String,
    /// Its port; absent: 465, or 587 with STARTTLS.
    pub port: Option<u16>,
    /// How the connection is made.
    pub tls: MailTls,
    /// Who signs in, with which password.
    pub credentials: Option<(String, Secret)>,
    /// Whom the mails come from.
    pub from: String,
    /// Who gets every mail.
    pub to: Vec<String>,
    /// After how long an attempt is given up.
    pub timeout: Duration,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From its first byte.
    Whole,
    /// By STARTTLS, before anything else; a server that has none gets nothing.
    Starttls,
    /// Not at all: a server on this machine only.
    Plain,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    host: String,
    port: Option<u16>,
    tls: Option<String>,
    #[serde(default)]
    allow_plain: bool,
    username: Option<String>,
    password_env: Option<String>,
    password_file: Option<String>,
    from: String,
    #[serde(default)]
    to: Vec<String>,
    timeout: Option<Span>,
}

/// The channel as the settings have it.
pub(super) fn make(making: &Making<'_>) -> Result<Made, SettingsError> {
    let written: Written = making.read()?;
    let password = making.secret_if("password", written.password_env, written.password_file)?;
    let credentials = match (written.username, password) {
        (Some(username), Some(password)) => Some((username, password)),
        (None, None) => None,
        (Some(_), None) => return Err(SettingsError::Missing("password")),
        (None, Some(_)) => return Err(other("`username` is missing: a password is given")),
    };
    let options = EmailOptions {
        host: written.host,
        port: written.port,
        tls: tls(written.tls.as_deref(), written.allow_plain)?,
        credentials,
        from: written.from,
        to: written.to,
        timeout: making.timeout(written.timeout)?,
    };
    Ok(Made::of(Arc::new(Email::new(options)?)))
}

fn tls(written: Option<&str>, allow_plain: bool) -> Result<MailTls, SettingsError> {
    match (written, allow_plain) {
        (None, true) => Ok(MailTls::Plain),
        (None | Some("whole"), false) => Ok(MailTls::Whole),
        (Some("starttls"), false) => Ok(MailTls::Starttls),
        (Some(_), true) => Err(other("`tls` and `allow_plain` exclude each other")),
        (Some(_), false) => Err(other("`tls` is `whole` (the default) or `starttls`")),
    }
}

fn other(text: &str) -> SettingsError {
    SettingsError::Other(text.to_owned())
}

impl Email {
    /// The mail server that these options lead to; nothing is connected yet.
    ///
    /// # Errors
    /// An address that is none; a server elsewhere without TLS.
    pub fn new(options: EmailOptions) -> Result<Self, SettingsError> {
        let mailbox = |text: &str| {
            let wrong = || {
                let text = fence_engine::show::printable(text, 100);
                other(&format!("`{text}` is no mail address"))
            };
            text.parse::<Mailbox>().map_err(|_| wrong())
        };
        let from = mailbox(&options.from)?;
        let to = options.to.iter().map(|text| mailbox(text)).collect::<Result<_, _>>()?;
        let mut builder = builder(&options)?.timeout(Some(options.timeout));
        if let Some(port) = options.port {
            builder = builder.port(port);
        }
        if let Some((username, password)) = options.credentials {
            builder = builder.credentials(Credentials::new(username, password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from, to, timeout: options.timeout })
    }

    async fn send(
        &self,
        notice: &Notice,
        earlier: &[Receipt],
    ) -> Result<Option<Receipt>, DeliveryError> {
        let to = self.recipients(notice);
        if to.is_empty() {
            return Err(DeliveryError::Never("nobody asked has a mail address".to_owned()));
        }
        let id = self.message_id(notice);
        let mail = self.mail(notice, to, &id, earlier).map_err(|error| {
            DeliveryError::Never(format!("the mail cannot be written: {error}"))
        })?;
        // The transport's own timeout ends with the connection.
        let sending = tokio::time::timeout(self.timeout, self.transport.send(mail)).await;
        let sent = sending.map_err(|_| DeliveryError::later(LATE))?;
        sent.map_err(|error| failure(&error))?;
        Ok(Some(Receipt(id)))
    }

    /// Those who are asked and have an address, and those who get every mail; each once.
    fn recipients(&self, notice: &Notice) -> Vec<Mailbox> {
        let asked = notice.asked.iter().filter_map(|person| person.email.as_deref());
        let asked = asked.filter_map(|text| text.parse::<lettre::Address>().ok());
        let mut found: Vec<Mailbox> = Vec::new();
        for mailbox in asked.map(|address| Mailbox::new(None, address)).chain(self.to.clone()) {
            if !found.iter().any(|known| known.email == mailbox.email) {
                found.push(mailbox);
            }
        }
        found
    }

    /// The same at every attempt, so that a mail program can drop a repeat.
    fn message_id(&self, notice: &Notice) -> String {
        format!("<{}@{}>", notice.delivery, self.from.email.domain())
    }

    fn mail(
        &self,
        notice: &Notice,
        to: Vec<Mailbox>,
        id: &str,
        earlier: &[Receipt],
    ) -> Result<Message, lettre::error::Error> {
        let written = body::Body::of(notice);
        let mut builder = Message::builder()
            .from(self.from.clone())
            .mailbox(header::To::from(Mailboxes::from_iter(to)))
            .date(SystemTime::now())
            .message_id(Some(id.to_owned()))
            .subject(written.subject);
        // A thread of its own for each request.
        if let Some(Receipt(first)) = earlier.first() {
            builder = builder.in_reply_to(first.clone()).references(first.clone());
        }
        builder.multipart(MultiPart::alternative_plain_html(written.text, written.html))
    }
}

fn builder(options: &EmailOptions) -> Result<AsyncSmtpTransportBuilder, SettingsError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = options.host.as_str();
    let made = match options.tls {
        MailTls::Whole => Transport::relay(host),
        MailTls::Starttls => Transport::starttls_relay(host),
        MailTls::Plain if is_here(host) => Ok(Transport::builder_dangerous(host)),
        MailTls::Plain => {
            return Err(other("`allow_plain` is for a server on this machine: `localhost`"));
        }
    };
    made.map_err(|error| other(&format!("no TLS for the mail server: {error}")))
}

/// Whether the host is this machine by its very name.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What a server's refusal means for the next attempt. Its text is left out: it may quote what
/// was sent.
fn failure(error: &SmtpError) -> DeliveryError {
    let sign_in = [530, 534, 535, 538];
    match error.status() {
        // A password may be put right within the days of the schedule.
        Some(code) if sign_in.contains(&u16::from(code)) => {
            DeliveryError::later(format!("the mail server does not let us sign in ({code})"))
        }
        Some(code) if error.is_permanent() => {
            DeliveryError::Never(format!("the mail server refused with {code}"))
        }
        Some(code) => DeliveryError::later(format!("the mail server put it off with {code}")),
        None if error.is_timeout() => DeliveryError::later(LATE),
        None if error.is_tls() => DeliveryError::later("no TLS with the mail server"),
        None if error.is_client() => {
            DeliveryError::later("the mail server lacks what is needed, such as STARTTLS")
        }
        None => DeliveryError::later("the exchange with the mail server failed"),
    }
}

impl Channel for Email {
    fn deliver<'a>(&'a self, notice: &'a Notice, earlier: &'a [Receipt]) -> Delivering<'a> {
        Box::pin(self.send(notice, earlier))
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}
