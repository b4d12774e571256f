//! Reading the log back.
//!
//! Decisions carry no index by tool, agent, rule or time, because each would be written with every
//! decision. Instead every 256 decisions are summed up once; a query scans the blocks in which all
//! that it asks for occurs, and the unfinished block at the end.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use fence_engine::scalar::Timestamp;
use rusqlite::{Connection, Params, Row, ToSql, params};

use super::connect::Line;
use super::transaction::{count, execute, name_id, one, timestamp};
use crate::store::{Entry, LogQuery, Logged};

/// Decisions summed up together; part of the stored format.
const BLOCK: i64 = 256;

/// Places scanned at a time: as many decisions are in memory at most.
const PAGE: i64 = 64;

const LOGGED: &str = "
    SELECT d.seq, d.id, d.at, tool.text, agent.text, session.text, d.call_id, d.decision,
           rule.text, policy.text, d.digest, d.body, d.leaf
    FROM decisions AS d
    LEFT JOIN names AS tool ON tool.id = d.tool
    LEFT JOIN names AS agent ON agent.id = d.agent
    LEFT JOIN names AS session ON session.id = d.session
    LEFT JOIN names AS rule ON rule.id = d.rule
    LEFT JOIN names AS policy ON policy.id = d.policy";

const WANTED: &str = "
    WHERE d.seq BETWEEN ?1 AND ?2
      AND (?3 IS NULL OR d.at >= ?3) AND (?4 IS NULL OR d.at < ?4)
      AND (?5 IS NULL OR d.tool = ?5) AND (?6 IS NULL OR d.agent = ?6)
      AND (?7 IS NULL OR d.decision = ?7) AND (?8 IS NULL OR d.rule = ?8)";

/// A query with its names as numbers.
struct Filter {
    since: Option<i64>,
    until: Option<i64>,
    tool: Option<i64>,
    agent: Option<i64>,
    decision: Option<u8>,
    rule: Option<i64>,
}

/// Calls `visit` for each wanted decision until it answers `false`.
pub(super) fn visit(
    line: &Line,
    query: &LogQuery,
    visit: &mut dyn FnMut(Logged) -> bool,
) -> rusqlite::Result<()> {
    let connection = &line.connection;
    let newest = one(connection, "SELECT max(seq) FROM decisions", [], |row| row.get(0))?;
    let newest: i64 = newest.flatten().unwrap_or(0);
    let before = query.before_seq.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let newest = newest.min(before.saturating_sub(1));
    let Some(filter) = Filter::new(connection, query)? else { return Ok(()) };
    let after = query.after_seq.map_or(0, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let mut ranges = filter.ranges(connection, after.saturating_add(1)..=newest)?;
    if let Some(limit) = query.limit {
        filter.keep_newest(connection, &mut ranges, limit)?;
    }
    // Each page is a read transaction of its own, so that a slow visitor keeps no snapshot open.
    for page in ranges.into_iter().flat_map(pages) {
        line.be_patient();
        let entries = filter.entries(connection, &page)?;
        if !entries.into_iter().all(&mut *visit) {
            break;
        }
    }
    Ok(())
}

/// A decision by its id.
pub(super) fn by_id(connection: &Connection, id: [u8; 16]) -> rusqlite::Result<Option<Logged>> {
    one(connection, &format!("{LOGGED} WHERE d.id = ?1"), [id], logged)
}

/// How many of a session's decisions stand from this one on.
pub(super) fn count_in_session(
    connection: &Connection,
    session: i64,
    decision: [u8; 16],
    limit: u64,
) -> rusqlite::Result<u64> {
    // A session that has been quiet for longer than this is counted as if nothing had been before.
    let sql = "SELECT count(*) FROM (
                   SELECT 1 FROM decisions
                   WHERE seq >= max((SELECT seq FROM decisions WHERE id = ?1),
                                    (SELECT max(seq) FROM decisions) - 50000)
                     AND session = ?2 LIMIT ?3)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(one(connection, sql, params![decision, session, limit], |row| count(row, 0))?.unwrap_or(0))
}

/// The decision that claimed a call id. Nearly every call id is new, so the index is asked alone
/// before the row with all its names.
pub(super) fn by_call(
    connection: &Connection,
    scope: i64,
    call_id: &str,
) -> rusqlite::Result<Option<Logged>> {
    let sql = "SELECT seq FROM decisions WHERE scope = ?1 AND call_id = ?2";
    let seq: Option<i64> = one(connection, sql, params![scope, call_id], |row| row.get(0))?;
    let Some(seq) = seq else { return Ok(None) };
    one(connection, &format!("{LOGGED} WHERE d.seq = ?1"), [seq], logged)
}

/// What the queries want to know of one decision: its time, and what occurs in it, by kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facets {
    pub(super) at: i64,
    pub(super) tool: i64,
    pub(super) agent: Option<i64>,
    pub(super) decision: i64,
    pub(super) rule: Option<i64>,
}

impl Facets {
    /// As the table `facets` numbers them.
    fn by_kind(self) -> impl Iterator<Item = (i64, i64)> {
        let values = [Some(self.tool), self.agent, Some(self.decision), self.rule];
        (0..).zip(values).filter_map(|(kind, value)| Some((kind, value?)))
    }
}

/// The block that is being filled, as far as one process has written all of it.
#[derive(Debug)]
pub(super) struct Filling {
    next: i64,
    earliest: i64,
    latest: i64,
    facets: BTreeSet<(i64, i64)>,
}

impl Filling {
    /// A block that begins with this decision.
    fn new(seq: i64, at: i64) -> Self {
        Self { next: seq, earliest: at, latest: at, facets: BTreeSet::new() }
    }

    fn add(&mut self, decision: Facets) {
        self.next += 1;
        self.earliest = self.earliest.min(decision.at);
        self.latest = self.latest.max(decision.at);
        self.facets.extend(decision.by_kind());
    }

    fn write(&self, connection: &Connection, block: i64) -> rusqlite::Result<()> {
        let times = "INSERT INTO blocks(block, earliest, latest) VALUES(?1, ?2, ?3)";
        execute(connection, times, params![block, self.earliest, self.latest])?;
        for (kind, value) in &self.facets {
            let facet = "INSERT INTO facets(kind, value, block) VALUES(?1, ?2, ?3)";
            execute(connection, facet, params![kind, value, block])?;
        }
        Ok(())
    }
}

/// Counts the decision `seq` into its block, and sums the block up where that completes it: from
/// memory where this process wrote all of it, else from the table.
pub(super) fn count_in(
    connection: &Connection,
    filling: &mut Option<Filling>,
    seq: i64,
    decision: Facets,
) -> rusqlite::Result<()> {
    if seq % BLOCK == 1 {
        *filling = Some(Filling::new(seq, decision.at));
    }
    *filling = filling.take().filter(|block| block.next == seq);
    if let Some(block) = filling {
        block.add(decision);
    }
    match (seq % BLOCK, filling.take()) {
        (0, Some(block)) => block.write(connection, block_of(seq)),
        (0, None) => sum_up(connection, seq),
        (_, unfinished) => {
            *filling = unfinished;
            Ok(())
        }
    }
}

/// Sums up the block that ends with the decision `seq`.
fn sum_up(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    let row = params![block_of(seq), seq - BLOCK + 1, seq];
    let times = "INSERT INTO blocks(block, earliest, latest)
                 SELECT ?1, min(at), max(at) FROM decisions WHERE seq BETWEEN ?2 AND ?3";
    execute(connection, times, row)?;
    let facets = "INSERT INTO facets(kind, value, block)
        SELECT 0, tool, ?1 FROM decisions WHERE seq BETWEEN ?2 AND ?3
        UNION SELECT 1, agent, ?1 FROM decisions WHERE seq BETWEEN ?2 AND ?3 AND agent NOT NULL
        UNION SELECT 2, decision, ?1 FROM decisions WHERE seq BETWEEN ?2 AND ?3
        UNION SELECT 3, rule, ?1 FROM decisions WHERE seq BETWEEN ?2 AND ?3 AND rule NOT NULL";
    execute(connection, facets, row)
}

impl Filter {
    /// Nothing where a name occurs nowhere in the log.
    fn new(connection: &Connection, query: &LogQuery) -> rusqlite::Result<Option<Self>> {
        let mut unknown = false;
        let mut number = |text: &Option<String>| -> rusqlite::Result<Option<i64>> {
            let Some(text) = text else { return Ok(None) };
            let id = name_id(connection, text)?;
            unknown |= id.is_none();
            Ok(id)
        };
        let filter = Self {
            since: query.since.map(Timestamp::micros),
            until: query.until.map(Timestamp::micros),
            tool: number(&query.tool)?,
            agent: number(&query.agent)?,
            decision: query.decision,
            rule: number(&query.rule)?,
        };
        Ok((!unknown).then_some(filter))
    }

    /// The places that may hold wanted decisions, in order.
    fn ranges(
        &self,
        connection: &Connection,
        within: RangeInclusive<i64>,
    ) -> rusqlite::Result<Vec<RangeInclusive<i64>>> {
        if within.is_empty() {
            return Ok(Vec::new());
        }
        let last = one(connection, "SELECT max(block) FROM blocks", [], |row| row.get(0))?;
        let tail: i64 = last.flatten().map_or(0, |block: i64| block + 1);
        let Some(mut blocks) = self.blocks(connection, block_of(*within.start()))? else {
            return Ok(vec![within]);
        };
        blocks.retain(|&block| block < tail);
        let summed_up = blocks.into_iter().map(|block| block * BLOCK + 1..=(block + 1) * BLOCK);
        let rest = tail * BLOCK + 1..=*within.end();
        let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
        for range in summed_up.chain([rest]) {
            let start = *range.start().max(within.start());
            let end = *range.end().min(within.end());
            match ranges.last_mut() {
                Some(last) if *last.end() + 1 == start => *last = *last.start()..=end,
                _ if start <= end => ranges.push(start..=end),
                _ => {}
            }
        }
        Ok(ranges)
    }

    /// The blocks, from `first` on, in which all that is asked for occurs; nothing for "all".
    fn blocks(&self, connection: &Connection, first: i64) -> rusqlite::Result<Option<Vec<i64>>> {
        let mut lists = Vec::new();
        if self.since.is_some() || self.until.is_some() {
            let sql = "SELECT block FROM blocks WHERE block >= ?1 AND (?2 IS NULL OR latest >= ?2)
                         AND (?3 IS NULL OR earliest < ?3) ORDER BY block";
            lists.push(numbers(connection, sql, params![first, self.since, self.until])?);
        }
        let facets = [self.tool, self.agent, self.decision.map(i64::from), self.rule];
        for (kind, value) in (0_i64..).zip(facets) {
            if value.is_some() {
                let sql = "SELECT block FROM facets WHERE kind = ?1 AND value = ?2 AND block >= ?3
                           ORDER BY block";
                lists.push(numbers(connection, sql, params![kind, value, first])?);
            }
        }
        Ok(lists.into_iter().reduce(|mut all, other| {
            all.retain(|block| other.binary_search(block).is_ok());
            all
        }))
    }

    /// Cuts `ranges` in front, so that no more than `limit` wanted decisions remain.
    fn keep_newest(
        &self,
        connection: &Connection,
        ranges: &mut Vec<RangeInclusive<i64>>,
        limit: u64,
    ) -> rusqlite::Result<()> {
        let sql = format!("SELECT d.seq FROM decisions AS d {WANTED} ORDER BY d.seq DESC");
        let mut wanted = connection.prepare_cached(&sql)?;
        let mut left = limit;
        for index in (0..ranges.len()).rev() {
            let end = *ranges[index].end();
            let mut rows = self.bind(&ranges[index], |params| wanted.query(params))?;
            while left > 0 {
                let Some(row) = rows.next()? else { break };
                left -= 1;
                ranges[index] = row.get(0)?..=end;
            }
            if left == 0 {
                let kept = if limit == 0 { ranges.len() } else { index };
                ranges.drain(..kept);
                break;
            }
        }
        Ok(())
    }

    fn entries(
        &self,
        connection: &Connection,
        page: &RangeInclusive<i64>,
    ) -> rusqlite::Result<Vec<Logged>> {
        let mut wanted = connection.prepare_cached(&format!("{LOGGED} {WANTED} ORDER BY d.seq"))?;
        self.bind(page, |params| wanted.query_map(params, logged)?.collect())
    }

    fn bind<T>(&self, range: &RangeInclusive<i64>, query: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
        query(params![
            range.start(),
            range.end(),
            self.since,
            self.until,
            self.tool,
            self.agent,
            self.decision,
            self.rule,
        ])
    }
}

fn block_of(seq: i64) -> i64 {
    (seq - 1) / BLOCK
}

fn pages(range: RangeInclusive<i64>) -> impl Iterator<Item = RangeInclusive<i64>> {
    let (start, end) = range.into_inner();
    let mut next = start;
    std::iter::from_fn(move || {
        let page = next..=end.min(next + PAGE - 1);
        next += PAGE;
        (!page.is_empty()).then_some(page)
    })
}

fn numbers(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params, |row| row.get(0))?.collect()
}

fn logged(row: &Row<'_>) -> rusqlite::Result<Logged> {
    let entry = Entry {
        id: row.get(1)?,
        at: timestamp(row, 2)?,
        tool: row.get(3)?,
        agent: row.get(4)?,
        session: row.get(5)?,
        call_id: row.get(6)?,
        decision: row.get(7)?,
        rule: row.get(8)?,
        policy: row.get(9)?,
        digest: row.get(10)?,
        body: row.get(11)?,
        leaf: row.get(12)?,
    };
    Ok(Logged { seq: count(row, 0)?, entry })
}
