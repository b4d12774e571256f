//! What a work may do inside its write transaction, in SQL.

use std::collections::{HashMap, HashSet};

use fence_engine::scalar::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::connect::Place;
use super::{items, log, requests};
use crate::store::guard::SLOT_GRACE_MICROS;
use crate::store::{
    CallScope, CounterId, CounterSpan, Entry, Event, Item, Logged, StoreError, StoredRequest,
    Transaction,
};

/// Names and policies remembered across transactions; beyond that, all are forgotten.
const REMEMBERED: usize = 20_000;

/// What the writer knows of the database without asking. Names and policies are never deleted, so
/// they stay true; a rollback takes back what it may have learnt, so then all is forgotten.
#[derive(Debug, Default)]
pub(super) struct Memo {
    names: HashMap<String, i64>,
    policies: HashSet<[u8; 32]>,
    /// The clock mark as this transaction has it, once it was asked for.
    mark: Option<Mark>,
    /// Kinds of items of which this transaction found none that last: every decision asks for
    /// halts, and mostly there are none.
    absent: HashSet<String>,
    /// What is known of the block that is being filled.
    filling: Option<log::Filling>,
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
        self.absent.clear();
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
        let seq = self.connection.last_insert_rowid();
        let (at, decision) = (entry.at.micros(), entry.decision.into());
        let facets = log::Facets { at, tool, agent, decision, rule };
        log::count_in(self.connection, &mut self.memo.filling, seq, facets)?;
        Ok(seq)
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
        self.step(|own| own.insert_decision(scope, entry).map(i64::unsigned_abs))
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

    fn entry(&mut self, id: [u8; 16]) -> Result<Option<Logged>, StoreError> {
        self.step(|own| log::by_id(own.connection, id))
    }

    fn calls_since(
        &mut self,
        session: &str,
        decision: [u8; 16],
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.step(|own| {
            let Some(session) = own.known_name(session)? else { return Ok(0) };
            log::count_in_session(own.connection, session, decision, limit)
        })
    }

    fn request(&mut self, id: [u8; 16]) -> Result<Option<StoredRequest>, StoreError> {
        self.step(|own| requests::get(own.connection, id, None))
    }

    fn open_request(
        &mut self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<StoredRequest>, StoreError> {
        self.step(|own| requests::open_for(own.connection, digest, now))
    }

    fn refused_since(&mut self, digest: [u8; 32], since: Timestamp) -> Result<bool, StoreError> {
        self.step(|own| requests::refused_since(own.connection, digest, since))
    }

    fn pending_of(
        &mut self,
        agent: Option<&str>,
        now: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.step(|own| requests::pending_of(own.connection, agent, now, limit))
    }

    fn answered_in(&mut self, session: &str, limit: u64) -> Result<Vec<StoredRequest>, StoreError> {
        self.step(|own| requests::answered_in(own.connection, session, limit))
    }

    fn insert_request(&mut self, request: &StoredRequest) -> Result<(), StoreError> {
        self.step(|own| requests::insert(own.connection, request))
    }

    fn move_request(
        &mut self,
        from: &StoredRequest,
        to: &StoredRequest,
    ) -> Result<bool, StoreError> {
        self.step(|own| requests::move_to(own.connection, from, to))
    }

    fn events_of(&mut self, request: [u8; 16]) -> Result<Vec<Event>, StoreError> {
        self.step(|own| items::events_of(own.connection, request))
    }

    fn put_item(&mut self, item: &Item) -> Result<(), StoreError> {
        self.memo.absent.remove(&item.kind);
        self.step(|own| items::put(own.connection, item))
    }

    fn item(&mut self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError> {
        self.step(|own| items::get(own.connection, kind, id))
    }

    fn any_live_item(&mut self, kind: &str) -> Result<bool, StoreError> {
        if self.memo.absent.contains(kind) {
            return Ok(false);
        }
        self.step(|own| {
            let any = items::any_live(own.connection, kind)?;
            if !any {
                own.memo.absent.insert(kind.to_owned());
            }
            Ok(any)
        })
    }

    fn live_items(&mut self, kind: &str, key: &str) -> Result<Vec<Item>, StoreError> {
        if !self.any_live_item(kind)? {
            return Ok(Vec::new());
        }
        self.step(|own| items::live(own.connection, kind, Some(key)))
    }

    fn forget_items(&mut self, kind: &str, at: Timestamp) -> Result<(), StoreError> {
        self.step(|own| items::forget(own.connection, kind, at))
    }

    fn event(&mut self, event: &Event) -> Result<(), StoreError> {
        self.step(|own| items::record(own.connection, event))
    }
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
