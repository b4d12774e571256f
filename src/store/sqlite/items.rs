//! Events, and items that last until they end, in SQL.

use fence_engine::scalar::Timestamp;
use rusqlite::{Connection, Params, Row, params};

use super::requests::optional_timestamp;
use super::transaction::{count, execute, one, timestamp};
use crate::store::{Event, Item};

const ITEM: &str = "SELECT kind, id, key, due, body, ended_at FROM items";
const EVENT: &str = "SELECT seq, at, kind, request, body, leaf FROM events";

/// Keeps an item.
pub(super) fn put(connection: &Connection, item: &Item) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO items(kind, id, key, due, body, ended_at)
               VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
    let row = params![
        item.kind,
        item.id,
        item.key,
        item.due.map(Timestamp::micros),
        item.body,
        item.ended_at.map(Timestamp::micros),
    ];
    execute(connection, sql, row)
}

/// One item.
pub(super) fn get(
    connection: &Connection,
    kind: &str,
    id: [u8; 16],
) -> rusqlite::Result<Option<Item>> {
    one(connection, &format!("{ITEM} WHERE kind = ?1 AND id = ?2"), params![kind, id], read)
}

/// The items of a kind that have not ended.
pub(super) fn live(
    connection: &Connection,
    kind: &str,
    key: Option<&str>,
) -> rusqlite::Result<Vec<Item>> {
    let live = format!("{ITEM} WHERE kind = ?1 AND ended_at IS NULL");
    match key {
        Some(key) => all(connection, &format!("{live} AND key = ?2 ORDER BY id"), [kind, key]),
        None => all(connection, &format!("{live} ORDER BY id"), [kind]),
    }
}

/// Whether any item of a kind has not ended.
pub(super) fn any_live(connection: &Connection, kind: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM items WHERE kind = ?1 AND ended_at IS NULL LIMIT 1";
    Ok(one(connection, sql, [kind], |_| Ok(()))?.is_some())
}

/// Those that are due.
pub(super) fn due(
    connection: &Connection,
    kind: &str,
    now: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<Item>> {
    let sql = format!(
        "{ITEM} WHERE kind = ?1 AND ended_at IS NULL AND due <= ?2 ORDER BY due, id LIMIT ?3"
    );
    all(connection, &sql, params![kind, now.micros(), limit])
}

/// Forgets those that ended before.
pub(super) fn forget(connection: &Connection, kind: &str, at: Timestamp) -> rusqlite::Result<()> {
    let sql = "DELETE FROM items WHERE kind = ?1 AND ended_at < ?2";
    execute(connection, sql, params![kind, at.micros()])
}

fn all(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Item>> {
    connection.prepare_cached(sql)?.query_map(params, read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        kind: row.get(0)?,
        id: row.get(1)?,
        key: row.get(2)?,
        due: optional_timestamp(row, 3)?,
        body: row.get(4)?,
        ended_at: optional_timestamp(row, 5)?,
    })
}

/// Records an event.
pub(super) fn record(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    let sql = "INSERT INTO events(at, kind, request, leaf, body) VALUES(?1, ?2, ?3, ?4, ?5)";
    let row = params![event.at.micros(), event.kind, event.request, event.leaf, event.body];
    execute(connection, sql, row)
}

/// What happened to a request.
pub(super) fn events_of(
    connection: &Connection,
    request: [u8; 16],
) -> rusqlite::Result<Vec<Event>> {
    let sql = format!("{EVENT} WHERE request = ?1 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map([request], |row| event(row).map(|(_, event)| event))?.collect()
}

/// The events after a place, each with its own.
pub(super) fn events_after(
    connection: &Connection,
    seq: u64,
    limit: u32,
) -> rusqlite::Result<Vec<(u64, Event)>> {
    let sql = format!("{EVENT} WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(params![seq, limit], event)?.collect()
}

/// The place of the newest event.
pub(super) fn newest_event(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(max(seq), 0) FROM events";
    Ok(one(connection, sql, [], |row| count(row, 0))?.unwrap_or(0))
}

fn event(row: &Row<'_>) -> rusqlite::Result<(u64, Event)> {
    let event = Event {
        at: timestamp(row, 1)?,
        kind: row.get(2)?,
        request: row.get(3)?,
        body: row.get(4)?,
        leaf: row.get(5)?,
    };
    Ok((count(row, 0)?, event))
}
