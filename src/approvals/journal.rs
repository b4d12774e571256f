//! Events as they are recorded: canonical JSON that says what happened, to what, by whom.

use super::{ApprovalError, Via};
use crate::store::{Event as StoredEvent, StoreError};
use fence_engine::approval::{Event, Vote};
use fence_engine::call::hex_digest;
use fence_engine::json::{Builder, Json, Limits, ToJson, Value};
use fence_engine::scalar::Timestamp;
use std::collections::BTreeMap;

/// The body of an event being written.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    at: Timestamp,
    kind: &'static str,
    members: BTreeMap<&'static str, Json>,
}

impl Body {
    /// An event of this kind at this time.
    pub(crate) fn new(at: Timestamp, kind: &'static str) -> Self {
        Self { at, kind, members: BTreeMap::new() }
    }

    /// With one more member; what cannot be written is left out as `null`.
    pub(crate) fn with(mut self, key: &'static str, value: &(impl ToJson + ?Sized)) -> Self {
        self.members.insert(key, document(value));
        self
    }

    /// With a member where there is a value.
    pub(crate) fn maybe(self, key: &'static str, value: Option<&(impl ToJson + ?Sized)>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The event, about `request` where it is about one.
    pub(crate) fn event(mut self, request: Option<[u8; 16]>) -> StoredEvent {
        let (at, kind) = (self.at, self.kind);
        self = self.with("at", &at.to_string()).with("kind", kind);
        let mut text = String::from("{");
        for (place, (key, value)) in self.members.iter().enumerate() {
            text.push_str(if place == 0 { "" } else { "," });
            Value::Text(key).write_canonical(&mut text);
            text.push(':');
            value.write_canonical(&mut text);
        }
        text.push('}');
        StoredEvent::new(at, kind, request, text)
    }
}

/// A value as the record keeps it: as large as a record may be.
fn document(value: &(impl ToJson + ?Sized)) -> Json {
    let mut json = Builder::within(Limits::RECORD);
    value.write_json(&mut json);
    json.finish().unwrap_or_default()
}

/// What is said of a move besides what the life cycle needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    /// Through which door.
    pub(crate) via: Option<Via>,
    /// The person's words.
    pub(crate) text: Option<String>,
    /// Further members.
    pub(crate) more: Vec<(&'static str, Json)>,
}

impl Note {
    /// A note without words.
    pub(crate) fn via(via: Via) -> Self {
        Self { via: Some(via), ..Self::default() }
    }

    /// With the person's words.
    pub(crate) fn saying(mut self, text: Option<&str>) -> Self {
        self.text = text.map(str::to_owned);
        self
    }

    /// With one more member.
    pub(crate) fn with(mut self, key: &'static str, value: &(impl ToJson + ?Sized)) -> Self {
        self.more.push((key, document(value)));
        self
    }
}

/// The kinds of events of a request: as the log, the event stream and pages name them.
pub(crate) const OPENED: &str = "request.opened";

/// The recorded form of a move.
pub(crate) fn of_move(event: &Event, version: u32, note: &Note, now: Timestamp) -> Body {
    let body = Body::new(now, kind(event)).with("version", &u64::from(version));
    let body = match event {
        Event::Approve(vote) | Event::BreakGlass(vote) => {
            body.with("by", &vote.by).maybe("on_behalf_of", vote.on_behalf_of.as_deref())
        }
        Event::Refuse { by, on_behalf_of } => {
            body.with("by", by).maybe("on_behalf_of", on_behalf_of.as_deref())
        }
        Event::Withdraw { by } | Event::Revoke { by } => body.with("by", by),
        Event::Cancel { by } | Event::Supersede { by } => body.maybe("by", by.as_deref()),
        Event::Preview { digest } => body.with("preview_digest", &hex_digest(digest)),
        Event::Finish { failed } => body.with("failed", failed),
        Event::Escalate
        | Event::Expire
        | Event::Overrule
        | Event::Release
        | Event::Claim
        | Event::Lose => body,
    };
    let body = body.maybe("note", note.text.as_deref());
    let body = body.maybe("via", note.via.map(Via::as_str));
    note.more.iter().fold(body, |body, (key, value)| body.with(key, &value.root()))
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Approve(_) => "request.voted",
        Event::BreakGlass(_) => "request.glass_broken",
        Event::Withdraw { .. } => "request.vote_withdrawn",
        Event::Refuse { .. } => "request.refused",
        Event::Preview { .. } => "request.previewed",
        Event::Escalate => "request.escalated",
        Event::Expire => "request.expired",
        Event::Cancel { .. } => "request.cancelled",
        Event::Supersede { .. } => "request.superseded",
        Event::Overrule => "request.overruled",
        Event::Release => "request.released",
        Event::Revoke { .. } => "request.revoked",
        Event::Claim => "request.claimed",
        Event::Finish { .. } => "request.finished",
        Event::Lose => "request.lost",
    }
}

/// One recorded event read back.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) version: u32,
    pub(crate) json: Json,
}

impl Entry {
    /// A text member.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.json.root().get(key)?.as_text()
    }

    /// The move it records, if it records one.
    fn event(&self) -> Option<Event> {
        let by = || self.text("by").map(str::to_owned);
        let on_behalf_of = self.text("on_behalf_of").map(str::to_owned);
        let vote = |by| Vote { by, on_behalf_of: on_behalf_of.clone(), at: self.at };
        Some(match self.kind.strip_prefix("request.")? {
            "voted" => Event::Approve(vote(by()?)),
            "glass_broken" => Event::BreakGlass(vote(by()?)),
            "vote_withdrawn" => Event::Withdraw { by: by()? },
            "refused" => Event::Refuse { by: by()?, on_behalf_of },
            "previewed" => Event::Preview { digest: digest(self.text("preview_digest")?)? },
            "escalated" => Event::Escalate,
            "expired" => Event::Expire,
            "cancelled" => Event::Cancel { by: by() },
            "superseded" => Event::Supersede { by: by() },
            "overruled" => Event::Overrule,
            "released" => Event::Release,
            "revoked" => Event::Revoke { by: by()? },
            "claimed" => Event::Claim,
            "finished" => Event::Finish { failed: self.json.root().get("failed")?.as_bool()? },
            "lost" => Event::Lose,
            _ => return None,
        })
    }
}

/// Reads events back.
///
/// # Errors
/// When one is damaged.
pub(crate) fn entries(events: &[StoredEvent]) -> Result<Vec<Entry>, StoreError> {
    let damaged = || StoreError::Corrupt("an event of a request cannot be read".to_owned());
    let read = |event: &StoredEvent| {
        let json = Json::parse_with(event.body.as_bytes(), &Limits::RECORD).ok()?;
        let version = json.root().get("version")?.as_number()?.to_u64()?;
        let version = u32::try_from(version).ok()?;
        Some(Entry { at: event.at, kind: event.kind.clone(), version, json })
    };
    events.iter().map(|event| read(event).ok_or_else(damaged)).collect()
}

/// The moves of one version, in order.
pub(crate) fn moves(entries: &[Entry], version: u32) -> impl Iterator<Item = (Event, Timestamp)> {
    let of_version = entries.iter().filter(move |entry| entry.version == version);
    of_version.filter_map(|entry| Some((entry.event()?, entry.at)))
}

/// A digest as it is written.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.is_ascii())?;
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// A refused attempt: recorded, and changes nothing.
pub(crate) fn attempt(
    now: Timestamp,
    version: u32,
    what: &'static str,
    who: &str,
    error: &ApprovalError,
) -> Body {
    let body = Body::new(now, "request.attempt_refused").with("version", &u64::from(version));
    body.with("attempt", what).with("by", who).with("why", error.code())
}
