//! A store that fails and a handler that panics: refused, and still there (SRV-040).

use crate::support::{Server, Setup};
use fence::SqliteStore;
use std::sync::Arc;

#[test]
fn a_store_that_does_not_answer_is_503_and_never_an_allow() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("fence.db")).unwrap());
    let server = Server::start(Setup { store: Some(store), ..Setup::default() });
    let token = server.agent("a-1");
    let call = r#"{"tool":"read_x"}"#;
    assert_eq!(server.post("/v1/decide", call).token(&token).send().status, 200);
    // Another process holds the database for longer than anybody waits.
    let other = rusqlite::Connection::open(folder.path().join("fence.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let answer = server.post("/v1/decide", call).token(&token).send();
    assert_eq!((answer.status, answer.problem()), (503, "store".to_owned()), "{}", answer.body);
    assert!(answer.header("retry-after").is_some());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(server.post("/v1/decide", call).token(&token).send().status, 200);
    assert_eq!(server.get("/readyz").send().status, 200);
}
