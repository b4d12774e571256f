//! What a work may do inside its write transaction, in SQL.

use std::collections::{HashMap, HashSet};

use fence_engine::scalar::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::connect::Place;
use super::log;
use crate::store::guard::SLOT_GRACE_MICROS;
use crate::store::{
    CallScope, CounterId, CounterSpan, Entry, Event, Logged, OpenedRequest, StoreError, Transaction,
};

/// Names and policies remembered across transactions; beyond that, all are forgotten.
const REMEMBERED: usize = 20_000;

const REQUEST: &str = "SELECT id, decision, digest, opened_at, expires_at, terms FROM requests";

/// What the writer knows of the database without asking. Names and policies are never deleted, so
/// they stay true; a rollback takes back what it may have learnt, so then all is forgotten.
#[derive(Debug, Default)]
pub(super) struct Memo {
    names: HashMap<String, i64>,
    policies: HashSet<[u8; 32]>,
    /// The clock mark as this transaction has it, once it was asked for.
    mark: Option<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Option<Timestamp>,
    moved: bool,
}

impl Memo {
    /// Forgets what another process may change from now on.
    pub(super) fn end(&mut self) {
        self.mark = None;
        if self.names.len() + self.policies.len() > REMEMBERED {
            *self = Self::default();
        }
    }
}

/// Writes a moved clock mark: once for many works.
pub(super) fn write_mark(connection: &Connection, memo: &mut Memo) -> rusqlite::Result<()> {
    let Some(Mark { at: Some(at), moved: true }) = memo.mark else { return Ok(()) };
    let sql = "INSERT INTO marks(name, at) VALUES('clock', ?1)
               ON CONFLICT(name) DO UPDATE SET at = excluded.at";
    execute(connection, sql, [at.micros()])?;
    memo.mark = Some(Mark { at: Some(at), moved: false });
    Ok(())
}

/// One work's view of the open transaction; remembers whether anything it asked for failed.
pub(super) struct SqliteTransaction<'a> {
    place: &'a Place,
    connection: &'a Connection,
    memo: &'a mut Memo,
    failed: Option<StoreError>,
}

impl<'a> SqliteTransaction<'a> {
    /// A view for one work.
    pub(super) fn new(place: &'a Place, connection: &'a Connection, memo: &'a mut Memo) -> Self {
        Self { place, connection, memo, failed: None }
    }

    /// The first fault that the work met.
    pub(super) fn into_failed(self) -> Result<(), StoreError> {
        self.failed.map_or(Ok(()), Err)
    }

    /// After a fault SQLite may have ended the transaction, so nothing more may be done in it.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        step(self).map_err(|error| {
            let error = self.place.fault(&error);
            self.failed = Some(error.clone());
            error
        })
    }

    fn known_name(&mut self, text: &str) -> rusqlite::Result<Option<i64>> {
        if let Some(&id) = self.memo.names.get(text) {
            return Ok(Some(id));
        }
        let found = name_id(self.connection, text)?;
        if let Some(id) = found {
            self.memo.names.insert(text.to_owned(), id);
        }
        Ok(found)
    }

    fn name(&mut self, text: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.known_name(text)? {
            return Ok(id);
        }
        execute(self.connection, "INSERT INTO names(text) VALUES(?1)", [text])?;
        let id = self.connection.last_insert_rowid();
        self.memo.names.insert(text.to_owned(), id);
        Ok(id)
    }

    fn optional_name(&mut self, text: Option<&str>) -> rusqlite::Result<Option<i64>> {
        text.map(|text| self.name(text)).transpose()
    }

    fn scope(&mut self, scope: &CallScope) -> rusqlite::Result<i64> {
        Ok(match scope {
            CallScope::Session(session) => 2 * self.name(session)?,
            CallScope::Agent(agent) => 2 * self.name(agent)? + 1,
            CallScope::Nobody => 0,
        })
    }

    fn known_scope(&mut self, scope: &CallScope) -> rusqlite::Result<Option<i64>> {
        Ok(match scope {
            CallScope::Session(session) => self.known_name(session)?.map(|id| 2 * id),
            CallScope::Agent(agent) => self.known_name(agent)?.map(|id| 2 * id + 1),
            CallScope::Nobody => Some(0),
        })
    }

    fn mark(&mut self) -> rusqlite::Result<Option<Timestamp>> {
        if let Some(mark) = self.memo.mark {
            return Ok(mark.at);
        }
        let sql = "SELECT at FROM marks WHERE name = 'clock'";
        let at = one(self.connection, sql, [], |row| timestamp(row, 0))?;
        self.memo.mark = Some(Mark { at, moved: false });
        Ok(at)
    }

    fn insert_decision(&mut self, scope: &CallScope, entry: &Entry) -> rusqlite::Result<i64> {
        let tool = self.name(&entry.tool)?;
        let agent = self.optional_name(entry.agent.as_deref())?;
        let session = self.optional_name(entry.session.as_deref())?;
        let rule = self.optional_name(entry.rule.as_deref())?;
        let policy = self.optional_name(entry.policy.as_deref())?;
        let scope = entry.call_id.as_ref().map(|_| self.scope(scope)).transpose()?;
        let sql = "INSERT INTO decisions(id, at, decision, tool, agent, session, rule, policy,
                       scope, call_id, digest, leaf, body)
                   VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let row = params![
            entry.id,
            entry.at.micros(),
            entry.decision,
            tool,
            agent,
            session,
            rule,
            policy,
            scope,
            entry.call_id,
            entry.digest,
            entry.leaf,
            entry.body,
        ];
        execute(self.connection, sql, row)?;
        Ok(self.connection.last_insert_rowid())
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn used(
        &mut self,
        counter: CounterId,
        span: CounterSpan,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let used = self.step(|own| match span {
            CounterSpan::Total => {
                let sql = "SELECT used FROM counters WHERE id = ?1";
                one(own.connection, sql, [counter.0], |row| count(row, 0))
            }
            CounterSpan::After(after) => {
                let sql = "SELECT coalesce(sum(taken), 0) FROM (
                               SELECT taken FROM slots WHERE counter = ?1 AND at > ?2 LIMIT ?3)";
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                one(own.connection, sql, params![counter.0, after.micros(), limit], |row| {
                    count(row, 0)
                })
            }
        })?;
        Ok(used.unwrap_or(0).min(limit))
    }

    fn take(
        &mut self,
        counter: CounterId,
        span: CounterSpan,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.step(|own| {
            let CounterSpan::After(after) = span else {
                let sql = "INSERT INTO counters(id, used) VALUES(?1, 1)
                           ON CONFLICT(id) DO UPDATE SET used = used + 1";
                return execute(own.connection, sql, [counter.0]);
            };
            let oldest = after.micros().saturating_sub(SLOT_GRACE_MICROS);
            let sql = "DELETE FROM slots WHERE counter = ?1 AND at < ?2";
            execute(own.connection, sql, params![counter.0, oldest])?;
            let sql = "INSERT INTO slots(counter, at, taken) VALUES(?1, ?2, 1)
                       ON CONFLICT(counter, at) DO UPDATE SET taken = taken + 1";
            execute(own.connection, sql, params![counter.0, at.micros()])
        })
    }

    fn clock_mark(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.step(Self::mark)
    }

    fn advance_clock_mark(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.step(|own| {
            if own.mark()?.is_none_or(|mark| at > mark) {
                own.memo.mark = Some(Mark { at: Some(at), moved: true });
            }
            Ok(())
        })
    }

    fn reset_clock_mark(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.step(|own| {
            own.memo.mark = Some(Mark { at: Some(at), moved: true });
            Ok(())
        })
    }

    fn earlier(&mut self, scope: &CallScope, call_id: &str) -> Result<Option<Logged>, StoreError> {
        self.step(|own| {
            let Some(scope) = own.known_scope(scope)? else { return Ok(None) };
            log::by_call(own.connection, scope, call_id)
        })
    }

    fn append(&mut self, scope: &CallScope, entry: &Entry) -> Result<u64, StoreError> {
        self.step(|own| {
            let seq = own.insert_decision(scope, entry)?;
            log::sum_up(own.connection, seq)?;
            Ok(seq.unsigned_abs())
        })
    }

    fn keep_policy(&mut self, digest: [u8; 32], texts: &str) -> Result<(), StoreError> {
        self.step(|own| {
            if own.memo.policies.insert(digest) {
                let sql = "INSERT INTO policies(digest, texts) VALUES(?1, ?2)
                           ON CONFLICT(digest) DO NOTHING";
                execute(own.connection, sql, params![digest, texts])?;
            }
            Ok(())
        })
    }

    fn open_request(
        &mut self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<OpenedRequest>, StoreError> {
        self.step(|own| {
            let sql = format!(
                "{REQUEST} WHERE digest = ?1 AND state = 'pending' AND expires_at > ?2
                 ORDER BY number DESC LIMIT 1"
            );
            one(own.connection, &sql, params![digest, now.micros()], to_request)
        })
    }

    fn insert_request(&mut self, request: &OpenedRequest) -> Result<(), StoreError> {
        self.step(|own| {
            let sql =
                "INSERT INTO requests(id, decision, digest, opened_at, expires_at, state, terms)
                       VALUES(?1, ?2, ?3, ?4, ?5, 'pending', ?6)";
            let row = params![
                request.id,
                request.decision,
                request.digest,
                request.opened_at.micros(),
                request.expires_at.micros(),
                request.terms,
            ];
            execute(own.connection, sql, row)
        })
    }

    fn event(&mut self, event: &Event) -> Result<(), StoreError> {
        self.step(|own| {
            let sql = "INSERT INTO events(at, kind, body) VALUES(?1, ?2, ?3)";
            execute(own.connection, sql, params![event.at.micros(), event.kind, event.body])
        })
    }
}

/// All events.
pub(super) fn events(connection: &Connection) -> rusqlite::Result<Vec<Event>> {
    let mut all = connection.prepare("SELECT at, kind, body FROM events ORDER BY seq")?;
    let event =
        |row: &Row<'_>| Ok(Event { at: timestamp(row, 0)?, kind: row.get(1)?, body: row.get(2)? });
    all.query_map([], event)?.collect()
}

/// The number a text is stored under.
pub(super) fn name_id(connection: &Connection, text: &str) -> rusqlite::Result<Option<i64>> {
    one(connection, "SELECT id FROM names WHERE text = ?1", [text], |row| row.get(0))
}

/// The texts of a policy digest.
pub(super) fn policy_texts(
    connection: &Connection,
    digest: [u8; 32],
) -> rusqlite::Result<Option<String>> {
    one(connection, "SELECT texts FROM policies WHERE digest = ?1", [digest], |row| row.get(0))
}

/// A request by its id.
pub(super) fn request(
    connection: &Connection,
    id: [u8; 16],
) -> rusqlite::Result<Option<OpenedRequest>> {
    one(connection, &format!("{REQUEST} WHERE id = ?1"), [id], to_request)
}

/// The first row of a query, if any.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(params, read).optional()
}

/// Runs a statement.
pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(params).map(drop)
}

/// A time column.
pub(super) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}

/// A column that counts something.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn to_request(row: &Row<'_>) -> rusqlite::Result<OpenedRequest> {
    Ok(OpenedRequest {
        id: row.get(0)?,
        decision: row.get(1)?,
        digest: row.get(2)?,
        opened_at: timestamp(row, 3)?,
        expires_at: timestamp(row, 4)?,
        terms: row.get(5)?,
    })
}
