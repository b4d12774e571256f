-- Texts that come again and again, each once.
CREATE TABLE names(
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

-- The log. tool, agent, session, rule, policy: names.id. A claimed call id has its scope beside it:
-- 0 nobody, 2n session n, 2n+1 agent n.
CREATE TABLE decisions(
  seq      INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE,
  at       INTEGER NOT NULL,
  decision INTEGER NOT NULL,
  tool     INTEGER NOT NULL,
  agent    INTEGER,
  session  INTEGER,
  rule     INTEGER,
  policy   INTEGER,
  scope    INTEGER,
  call_id  TEXT,
  digest   BLOB NOT NULL,
  leaf     BLOB NOT NULL,
  body     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX claimed_calls ON decisions(scope, call_id) WHERE call_id IS NOT NULL;

-- Every 256 decisions, once complete, are summed up for the queries: their times, and which
-- tools (kind 0), agents (1), decisions (2) and rules (3) occur.
CREATE TABLE blocks(
  block    INTEGER PRIMARY KEY,
  earliest INTEGER NOT NULL,
  latest   INTEGER NOT NULL
) STRICT;
CREATE TABLE facets(
  kind  INTEGER NOT NULL,
  value INTEGER NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY(kind, value, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters(
  id   BLOB PRIMARY KEY,
  used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE slots(
  counter BLOB NOT NULL,
  at      INTEGER NOT NULL,
  taken   INTEGER NOT NULL,
  PRIMARY KEY(counter, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks(
  name TEXT PRIMARY KEY,
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What people did to the gate itself.
CREATE TABLE events(
  seq  INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE policies(
  digest BLOB PRIMARY KEY,
  texts  TEXT NOT NULL
) STRICT;

CREATE TABLE requests(
  number     INTEGER PRIMARY KEY,
  id         BLOB NOT NULL UNIQUE,
  decision   BLOB NOT NULL,
  digest     BLOB NOT NULL,
  opened_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  state      TEXT NOT NULL,
  terms      TEXT NOT NULL
) STRICT;
CREATE INDEX pending_requests ON requests(digest) WHERE state = 'pending';
