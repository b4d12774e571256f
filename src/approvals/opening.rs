//! What a request was opened with, as it is stored: the merged terms and who requests.

use crate::store::{StoreError, StoredRequest};
use fence_engine::approval::{
    Bound, EditTerm, Escalation, Offer, Opening, Requirement, Seat, Terms, Unattended,
};
use fence_engine::json::{Builder, Json, Limits, ToJson, Value};
use fence_engine::number::Number;
use fence_engine::scalar::Duration;

/// The opening in canonical JSON.
pub(crate) fn written(terms: &Terms, requester: &[String]) -> Result<String, StoreError> {
    let mut json = Builder::within(Limits::RECORD);
    json.begin_object();
    member(&mut json, "requester", requester);
    json.key("terms");
    write_terms(&mut json, terms);
    json.end_object();
    let json = json.finish().map_err(|error| StoreError::Refused(error.to_string()))?;
    let mut text = String::new();
    json.write_canonical(&mut text);
    Ok(text)
}

/// The opening of a stored request.
///
/// # Errors
/// When it is damaged.
pub(crate) fn read(stored: &StoredRequest) -> Result<Opening, StoreError> {
    let damaged = || StoreError::Corrupt("the terms of a request cannot be read".to_owned());
    let json = Json::parse_with(stored.terms.as_bytes(), &Limits::RECORD).map_err(|_| damaged())?;
    let opening = || {
        let requester = texts(json.root().get("requester")?)?;
        let terms = read_terms(json.root().get("terms")?)?;
        let (opened_at, expires_at) = (stored.opened_at, stored.expires_at);
        Some(Opening { terms, requester, opened_at, expires_at })
    };
    opening().ok_or_else(damaged)
}

fn member(json: &mut Builder, key: &str, value: &(impl ToJson + ?Sized)) {
    json.key(key);
    value.write_json(json);
}

fn write_terms(json: &mut Builder, terms: &Terms) {
    json.begin_object();
    json.key("requirements");
    json.begin_list();
    for requirement in &terms.requirements {
        json.begin_object();
        member(json, "policy", &*requirement.policy);
        member(json, "rule", &*requirement.rule);
        json.key("seats");
        json.begin_list();
        requirement.seats.iter().for_each(|seat| write_seat(json, seat, None));
        json.end_list();
        json.key("escalations");
        json.begin_list();
        for escalation in &requirement.escalations {
            write_seat(json, &escalation.seat, Some(&escalation.after.to_string()));
        }
        json.end_list();
        json.end_object();
    }
    json.end_list();
    write_conditions(json, terms);
    json.end_object();
}

fn write_seat(json: &mut Builder, seat: &fence_engine::approval::Seat, after: Option<&str>) {
    json.begin_object();
    member(json, "count", &u64::from(seat.count));
    member(json, "of", &seat.group.as_deref());
    json.key("members");
    json.begin_list();
    seat.members.iter().for_each(|person| json.text(person));
    json.end_list();
    if let Some(after) = after {
        member(json, "after", after);
    }
    json.end_object();
}

fn write_conditions(json: &mut Builder, terms: &Terms) {
    member(json, "or_self", &terms.or_self);
    member(json, "expires", &terms.expires.to_string());
    member(json, "use_within", &terms.use_within.to_string());
    member(json, "preview", &terms.preview);
    member(json, "unattended", if terms.unattended == Unattended::Deny { "deny" } else { "park" });
    json.key("edits");
    json.begin_list();
    for edit in &terms.edits {
        json.begin_object();
        json.key("field");
        json.begin_list();
        edit.field.iter().for_each(|key| json.text(key));
        json.end_list();
        write_bound(json, edit.bound);
        json.end_object();
    }
    json.end_list();
    json.key("notify");
    match &terms.notify {
        None => json.null(),
        Some(channels) => {
            json.begin_list();
            channels.iter().for_each(|channel| json.text(channel));
            json.end_list();
        }
    }
    json.key("offers");
    json.begin_list();
    for offer in &terms.offers {
        json.text(&offer_text(*offer));
    }
    json.end_list();
}

fn write_bound(json: &mut Builder, bound: Bound) {
    member(json, "shrink", &bound.shrink);
    if let Some((from, to)) = bound.range {
        member(json, "from", &from);
        member(json, "to", &to);
    }
}

fn read_terms(json: Value<'_>) -> Option<Terms> {
    let edits = items(json.get("edits")?, |edit| {
        let field = texts(edit.get("field")?)?.into_iter().map(String::into_boxed_str).collect();
        Some(EditTerm { field, bound: read_bound(edit)? })
    });
    let notify = match json.get("notify")? {
        Value::Null => None,
        channels => Some(texts(channels)?.into_iter().map(String::into_boxed_str).collect()),
    };
    Some(Terms {
        requirements: items(json.get("requirements")?, read_requirement)?,
        or_self: json.get("or_self")?.as_bool()?,
        expires: duration(json.get("expires")?)?,
        use_within: duration(json.get("use_within")?)?,
        edits: edits?,
        preview: json.get("preview")?.as_bool()?,
        notify,
        offers: items(json.get("offers")?, |offer| read_offer(offer.as_text()?))?,
        unattended: match json.get("unattended")?.as_text()? {
            "deny" => Unattended::Deny,
            "park" => Unattended::Park,
            _ => return None,
        },
    })
}

fn read_requirement(json: Value<'_>) -> Option<Requirement> {
    let escalation = |json: Value<'_>| {
        Some(Escalation { seat: read_seat(json)?, after: duration(json.get("after")?)? })
    };
    Some(Requirement {
        policy: json.get("policy")?.as_text()?.into(),
        rule: json.get("rule")?.as_text()?.into(),
        seats: items(json.get("seats")?, read_seat)?,
        escalations: items(json.get("escalations")?, escalation)?,
    })
}

fn read_seat(json: Value<'_>) -> Option<Seat> {
    let count = json.get("count")?.as_number()?.to_u64()?;
    let members = texts(json.get("members")?)?.into_iter().map(String::into_boxed_str).collect();
    let group = match json.get("of")? {
        Value::Null => None,
        group => Some(group.as_text()?.into()),
    };
    Some(Seat { count: u32::try_from(count).ok()?, group, members })
}

fn read_bound(json: Value<'_>) -> Option<Bound> {
    let end = |key| -> Option<Number> { json.get(key)?.as_number() };
    let range = match json.get("from") {
        Some(_) => Some((end("from")?, end("to")?)),
        None => None,
    };
    Some(Bound { shrink: json.get("shrink")?.as_bool()?, range })
}

/// A grant, as a policy and the command line write it.
pub fn read_offer(text: &str) -> Option<Offer> {
    match text {
        "once" => Some(Offer::Once),
        "session" => Some(Offer::Session),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok().map(Offer::Next),
        _ => Duration::parse(text).map(Offer::For),
    }
}

/// The grant as it is written.
pub(crate) fn offer_text(offer: Offer) -> String {
    match offer {
        Offer::Once => "once".to_owned(),
        Offer::Session => "session".to_owned(),
        Offer::For(duration) => duration.to_string(),
        Offer::Next(calls) => calls.to_string(),
    }
}

fn duration(json: Value<'_>) -> Option<Duration> {
    Duration::parse(json.as_text()?)
}

fn texts(json: Value<'_>) -> Option<Vec<String>> {
    items(json, |item| item.as_text().map(str::to_owned))
}

fn items<'j, T>(json: Value<'j>, read: impl FnMut(Value<'j>) -> Option<T>) -> Option<Vec<T>> {
    json.as_list()?.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Gate, ToolCall};

    #[test]
    fn terms_read_back_as_they_were_written() {
        let policy = r#"fence 1 policy p group editors = "ana@x.example", "bo@x.example"
            group managers = "dee@x.example"
            ask a as one { by 2 of editors and 1 of managers or self then 1 of managers after 20m
              expires 45m use within 90s edit args.to shrink, args.n 1..50, args."x-y" any
              preview required notify mail, chat offer once, session, 1h30m, 10 unattended deny }
            ask b as two"#;
        let gate = Gate::builder().policy_text("p", policy).unwrap().build().unwrap();
        for tool in ["a", "b"] {
            let call = ToolCall::new(tool);
            let facts = gate.gather_blocking(&call, crate::Mode::default()).unwrap();
            let layers = gate.layers();
            let terms = fence_engine::eval::report(&layers, &call, &facts.facts()).terms();
            let text = written(&terms, &["agent".to_owned()]).unwrap();
            let json: Json = text.parse().unwrap();
            assert_eq!(read_terms(json.root().get("terms").unwrap()), Some(terms), "{text}");
        }
    }
}
