//! A notice as Block Kit. Everything from outside stands in `plain_text`, in which Slack reads no
//! markup, and has `&`, `<` and `>` escaped besides; only a person's own Slack id becomes a mention.

use crate::notify::card::{Card, Room, answerable, title};
use crate::notify::{Notice, What};
use fence_engine::show::printable;
use serde_json::{Value, json};

/// What fits into one message of at most 50 blocks of 3000 characters.
const ROOM: Room = Room { value: 6_000, total: 16_000, arguments: 40 };

/// The most that one block's text may hold as sent.
const BLOCK: usize = 2_900;

/// The most that a header may hold as sent, in bytes.
const HEADER: usize = 140;

/// The same for the question before an approval.
const QUESTION: usize = 280;

/// The most people that are mentioned.
const MENTIONS: usize = 40;

/// The whole message but for its channel.
pub(super) fn message(notice: &Notice, buttons: bool) -> Value {
    let card = Card::of(notice, ROOM);
    let mut blocks = vec![header(&card.title)];
    blocks.extend(mentions(notice));
    blocks.extend(sections(&card.lines()));
    if notice.pending() {
        blocks.extend(actions(notice, card.complete, buttons));
    }
    blocks.extend(footer(notice, card.complete));
    envelope(&card.title, &blocks)
}

/// One line without blocks, for when Slack takes no more than that: better little than nothing.
pub(super) fn line(notice: &Notice) -> Value {
    let place = notice.link.clone().unwrap_or_else(|| format!("fence show {}", notice.request.id));
    let text = format!("{} {}", escaped_within(&title(notice), 1_000), escaped(&place));
    let mut message = envelope("", &[]);
    message["text"] = Value::from(text);
    message
}

/// What an old card becomes when the request went on in a new version.
pub(super) fn replaced(notice: &Notice) -> Value {
    let request = &notice.request;
    let text = format!("Replaced by version {}: {}", request.version, title(notice));
    envelope(&text, &[header(&text)])
}

fn envelope(title: &str, blocks: &[Value]) -> Value {
    json!({
        "text": escaped_within(title, 1_000),
        "blocks": blocks,
        "mrkdwn": false,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn header(title: &str) -> Value {
    json!({"type": "header", "text": raw(&escaped_within(title, HEADER))})
}

/// Those who are asked, as mentions that reach them.
fn mentions(notice: &Notice) -> Option<Value> {
    let ids = notice.asked.iter().filter_map(|person| person.slack.as_deref());
    let ids = ids.filter(|id| is_user(id));
    let users = ids.take(MENTIONS).flat_map(|id| {
        [json!({"type": "user", "user_id": id}), json!({"type": "text", "text": " "})]
    });
    let users: Vec<Value> = users.collect();
    let tells = notice.pending() || notice.what == What::BrokenGlass;
    (tells && !users.is_empty()).then(|| {
        json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": users}]})
    })
}

/// Whether Slack can have such an id; any other would make it refuse the whole message.
fn is_user(id: &str) -> bool {
    id.len() > 2
        && id.starts_with(['U', 'W'])
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The lines in as few sections as they fit into.
fn sections(lines: &[String]) -> Vec<Value> {
    let mut texts = vec![String::new()];
    for line in lines {
        for piece in pieces(line) {
            let last = texts.last().map_or(0, String::len);
            if last + piece.len() >= BLOCK {
                texts.push(String::new());
            }
            if let Some(text) = texts.last_mut() {
                text.push_str(&piece);
            }
        }
        if let Some(text) = texts.last_mut() {
            text.push('\n');
        }
    }
    let filled = texts.iter().filter(|text| !text.trim().is_empty());
    filled.map(|text| json!({"type": "section", "text": raw(text.trim_end())})).collect()
}

/// A line, escaped, in pieces that fit into a section; no escape is cut apart.
fn pieces(line: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for character in line.chars() {
        let mut buffer = [0; 4];
        let shown = escaped(character.encode_utf8(&mut buffer));
        if pieces.last().map_or(0, String::len) + shown.len() > BLOCK - 1 {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(&shown);
        }
    }
    pieces
}

/// Approve only where the whole call is in sight, and never by a single click.
fn actions(notice: &Notice, complete: bool, buttons: bool) -> Option<Value> {
    let mut elements = Vec::new();
    if buttons {
        elements.push(button("Refuse", "fence.refuse", notice));
        if complete && answerable(notice) {
            let mut approve = button("Approve", "fence.approve", notice);
            approve["confirm"] = json!({
                "title": plain("Approve this call?"),
                "text": raw(&escaped_within(&question(notice), QUESTION)),
                "confirm": plain("Approve"),
                "deny": plain("Back"),
            });
            elements.push(approve);
        }
    }
    if let Some(link) = &notice.link {
        elements.push(json!({
            "type": "button", "text": plain("Open"), "action_id": "fence.open", "url": link,
        }));
    }
    (!elements.is_empty()).then(|| json!({"type": "actions", "elements": elements}))
}

fn question(notice: &Notice) -> String {
    format!("It runs as shown in this card: {}", notice.request.tool)
}

fn button(label: &str, action: &str, notice: &Notice) -> Value {
    let request = &notice.request;
    let value = json!({
        "request": request.id, "version": request.version, "digest": request.digest,
    });
    json!({
        "type": "button", "text": plain(label), "action_id": action, "value": value.to_string(),
    })
}

/// Where to go for what the card does not hold.
fn footer(notice: &Notice, complete: bool) -> Option<Value> {
    let id = &notice.request.id;
    let text = match (notice.pending(), complete, &notice.link) {
        (false, ..) | (true, true, Some(_)) => return None,
        (true, true, None) => format!("On the server: fence show {id}"),
        (true, false, Some(_)) => "Too long to be shown whole: open the request to approve.".into(),
        (true, false, None) => format!("Too long to be shown whole: fence show {id}"),
    };
    Some(json!({"type": "context", "elements": [plain(&text)]}))
}

/// Text in which Slack reads no markup.
fn plain(text: &str) -> Value {
    raw(&escaped(&printable(text, 500)))
}

fn raw(escaped: &str) -> Value {
    json!({"type": "plain_text", "text": escaped, "emoji": false})
}

/// As Slack wants its three control characters in any text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As much of a text as fits into so many bytes once it is escaped; says so where it is cut.
fn escaped_within(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for piece in printable(text, most).chars().map(|character| escaped(&character.to_string())) {
        if shown.len() + piece.len() + '…'.len_utf8() > most {
            shown.push('…');
            break;
        }
        shown.push_str(&piece);
    }
    shown
}
