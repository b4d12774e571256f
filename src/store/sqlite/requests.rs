//! Requests for approval, in SQL.

use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;
use rusqlite::{Connection, Row, ToSql, params, params_from_iter};

use super::transaction::{count, execute, one, timestamp};
use crate::store::{Order, RequestFilter, StoredRequest};

const COLUMNS: &str = "r.number, r.id, r.version, r.decision, r.digest, r.tool, r.agent, r.session,
    r.opened_at, r.expires_at, r.terms, r.state, r.moves, r.wake_at, r.settled_at, r.refused";

/// A version of a request; the newest where none is named.
pub(super) fn get(
    connection: &Connection,
    id: [u8; 16],
    version: Option<u32>,
) -> rusqlite::Result<Option<StoredRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests AS r WHERE id = ?1 AND version = coalesce(?2, version)
         ORDER BY version DESC LIMIT 1"
    );
    one(connection, &sql, params![id, version], read)
}

/// The newest version of an open request that ever was for this digest.
pub(super) fn open_for(
    connection: &Connection,
    digest: [u8; 32],
    now: Timestamp,
) -> rusqlite::Result<Option<StoredRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests AS d JOIN requests AS r ON r.id = d.id
         WHERE d.digest = ?1
           AND ((r.state = 'pending' AND r.expires_at > ?2)
             OR (r.state = 'approved' AND (r.wake_at IS NULL OR r.wake_at > ?2)))
         ORDER BY r.number DESC LIMIT 1"
    );
    one(connection, &sql, params![digest, now.micros()], read)
}

/// Whether a person refused it lately.
pub(super) fn refused_since(
    connection: &Connection,
    digest: [u8; 32],
    since: Timestamp,
) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM requests
               WHERE digest = ?1 AND refused = 1 AND settled_at >= ?2 LIMIT 1";
    Ok(one(connection, sql, params![digest, since.micros()], |_| Ok(()))?.is_some())
}

/// How many wait for people.
pub(super) fn pending_of(
    connection: &Connection,
    agent: Option<&str>,
    now: Timestamp,
    limit: u64,
) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM requests
               WHERE state = 'pending' AND agent IS ?1 AND expires_at > ?2 LIMIT ?3)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = one(connection, sql, params![agent, now.micros(), limit], |row| count(row, 0))?;
    Ok(found.unwrap_or(0))
}

/// What people answered in a session, newest answer first.
pub(super) fn answered_in(
    connection: &Connection,
    session: &str,
    limit: u64,
) -> rusqlite::Result<Vec<StoredRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests AS r WHERE session = ?1 AND settled_at NOT NULL
           AND (refused = 1 OR state IN ('approved', 'claimed', 'done', 'failed', 'unknown', 'revoked'))
           AND version = (SELECT max(version) FROM requests WHERE id = r.id)
         ORDER BY settled_at DESC, number DESC LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(params![session, limit], read)?.collect()
}

/// Adds a version.
pub(super) fn insert(connection: &Connection, request: &StoredRequest) -> rusqlite::Result<()> {
    let sql = "INSERT INTO requests(id, version, decision, digest, tool, agent, session, opened_at,
                   expires_at, terms, state, moves, wake_at, settled_at, refused)
               VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    let row = params![
        request.id,
        request.version,
        request.decision,
        request.digest,
        request.tool,
        request.agent,
        request.session,
        request.opened_at.micros(),
        request.expires_at.micros(),
        request.terms,
        request.state.as_str(),
        request.moves,
        request.wake_at.map(Timestamp::micros),
        request.settled_at.map(Timestamp::micros),
        request.refused,
    ];
    execute(connection, sql, row)
}

/// Compares and sets; whether it did.
pub(super) fn move_to(
    connection: &Connection,
    from: &StoredRequest,
    to: &StoredRequest,
) -> rusqlite::Result<bool> {
    let sql =
        "UPDATE requests SET state = ?5, moves = ?6, wake_at = ?7, settled_at = ?8, refused = ?9
               WHERE id = ?1 AND version = ?2 AND state = ?3 AND moves = ?4";
    let row = params![
        from.id,
        from.version,
        from.state.as_str(),
        from.moves,
        to.state.as_str(),
        to.moves,
        to.wake_at.map(Timestamp::micros),
        to.settled_at.map(Timestamp::micros),
        to.refused,
    ];
    let moved = connection.prepare_cached(sql)?.execute(row)? == 1;
    if moved && to.refused {
        let sql =
            "UPDATE requests SET refused = 1, settled_at = coalesce(settled_at, ?2) WHERE id = ?1";
        execute(connection, sql, params![to.id, to.settled_at.map(Timestamp::micros)])?;
    }
    Ok(moved)
}

/// The wanted requests.
pub(super) fn list(
    connection: &Connection,
    wanted: &RequestFilter,
) -> rusqlite::Result<Vec<StoredRequest>> {
    let mut wants = Wants::default();
    wants.among("r.state", wanted.states.iter().map(|state| state.as_str()));
    wants.equal("r.agent", wanted.agent.as_deref());
    wants.equal("r.tool", wanted.tool.as_deref());
    wants.equal("r.session", wanted.session.as_deref());
    let decided = "EXISTS (SELECT 1 FROM decisions AS d WHERE d.id = r.decision AND ";
    if let Some(rule) = &wanted.rule {
        let rule_is = "d.rule = (SELECT id FROM names WHERE text = ?))";
        wants.that(&format!("{decided}{rule_is}"), rule.clone());
    }
    if let Some(text) = &wanted.text {
        wants.that(&format!("{decided}instr(lower(d.body), lower(?)) > 0)"), text.clone());
    }
    let order = match wanted.order {
        Order::Newest => "r.number DESC",
        Order::Deadline => "r.expires_at, r.number",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM requests AS r WHERE 1{} ORDER BY {order} LIMIT ? OFFSET ?",
        wants.sql
    );
    wants.values.push(Box::new(wanted.limit));
    wants.values.push(Box::new(i64::try_from(wanted.skip).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(params_from_iter(wants.values), read)?.collect()
}

/// Conditions with their values; texts reach the database as parameters alone.
#[derive(Default)]
struct Wants {
    sql: String,
    values: Vec<Box<dyn ToSql>>,
}

impl Wants {
    fn that(&mut self, condition: &str, value: impl ToSql + 'static) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(Box::new(value));
    }

    fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.that(&format!("{column} = ?"), value.to_owned());
        }
    }

    fn among(&mut self, column: &str, values: impl Iterator<Item = &'static str>) {
        let values: Vec<_> = values.collect();
        if !values.is_empty() {
            let places = vec!["?"; values.len()].join(", ");
            self.sql.push_str(&format!(" AND {column} IN ({places})"));
            self.values.extend(values.into_iter().map(|value| Box::new(value) as Box<dyn ToSql>));
        }
    }
}

/// How many are in a state.
pub(super) fn count_in(connection: &Connection, state: RequestState) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM requests WHERE state = ?1";
    Ok(one(connection, sql, [state.as_str()], |row| count(row, 0))?.unwrap_or(0))
}

/// Those for which something is due.
pub(super) fn due(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<StoredRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests AS r WHERE wake_at <= ?1 ORDER BY wake_at LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(params![now.micros(), limit], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredRequest> {
    let state: String = row.get(11)?;
    Ok(StoredRequest {
        number: count(row, 0)?,
        id: row.get(1)?,
        version: row.get(2)?,
        decision: row.get(3)?,
        digest: row.get(4)?,
        tool: row.get(5)?,
        agent: row.get(6)?,
        session: row.get(7)?,
        opened_at: timestamp(row, 8)?,
        expires_at: timestamp(row, 9)?,
        terms: row.get(10)?,
        state: state.parse().map_err(|error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(11, text, Box::new(error))
        })?,
        moves: row.get(12)?,
        wake_at: optional_timestamp(row, 13)?,
        settled_at: optional_timestamp(row, 14)?,
        refused: row.get(15)?,
    })
}

/// A time column that may be empty.
pub(super) fn optional_timestamp(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
}
