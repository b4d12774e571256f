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

CREATE TABLE policies(
  digest BLOB PRIMARY KEY,
  texts  TEXT NOT NULL
) STRICT;

-- Versions of requests for approval. wake_at: when something is due by itself; settled_at: when it
-- stopped being pending.
CREATE TABLE requests(
  number     INTEGER PRIMARY KEY,
  id         BLOB NOT NULL,
  version    INTEGER NOT NULL,
  decision   BLOB NOT NULL,
  digest     BLOB NOT NULL,
  tool       TEXT NOT NULL,
  agent      TEXT,
  session    TEXT,
  opened_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  terms      TEXT NOT NULL,
  state      TEXT NOT NULL,
  moves      INTEGER NOT NULL,
  wake_at    INTEGER,
  settled_at INTEGER,
  refused    INTEGER NOT NULL,
  UNIQUE(id, version)
) STRICT;
CREATE INDEX requests_for ON requests(digest);
CREATE INDEX requests_by_state ON requests(state, expires_at);
CREATE INDEX waking_requests ON requests(wake_at) WHERE wake_at NOT NULL;
CREATE INDEX pending_requests ON requests(agent) WHERE state = 'pending';
CREATE INDEX requests_of_sessions ON requests(session, settled_at) WHERE session NOT NULL;

-- What people did to the gate, and every move of a request.
CREATE TABLE events(
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  request BLOB,
  leaf    BLOB NOT NULL,
  body    TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_requests ON events(request) WHERE request NOT NULL;

-- What lasts until it ends: tokens, grants, halts, delegations, deliveries, stored replies.
CREATE TABLE items(
  kind     TEXT NOT NULL,
  id       BLOB NOT NULL,
  key      TEXT NOT NULL,
  due      INTEGER,
  body     TEXT NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY(kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX live_items ON items(kind, key) WHERE ended_at IS NULL;
CREATE INDEX due_items ON items(kind, due) WHERE ended_at IS NULL AND due NOT NULL;
CREATE INDEX ended_items ON items(kind, ended_at) WHERE ended_at NOT NULL;
