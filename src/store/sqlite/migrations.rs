//! The schema's versions: each step runs in a transaction of its own and counts `user_version` up.

use rusqlite::Connection;

use super::connect::Place;
use crate::store::StoreError;

/// "Fenc" in the file header tells our databases from other programs'.
const APPLICATION_ID: i64 = 0x4665_6e63;

/// Step `n` leads from version `n` to `n + 1`. Never change one that was released; add another.
const STEPS: &[&str] = &[include_str!("schema/1.sql")];

const KNOWN: i64 = STEPS.len() as i64;

/// Brings the database to the newest version known.
pub(super) fn migrate(place: &Place, connection: &Connection) -> Result<(), StoreError> {
    while let Some(step) = next_step(place, connection)? {
        take(connection, step).map_err(|error| {
            // Ends the transaction where SQLite has not done so itself.
            drop(connection.execute_batch("ROLLBACK"));
            place.fault(&error)
        })?;
    }
    Ok(())
}

/// Refuses a database that would have to be upgraded, or is none of ours.
pub(super) fn is_newest(place: &Place, connection: &Connection) -> Result<(), StoreError> {
    match next_step(place, connection)? {
        None => Ok(()),
        Some(_) => {
            let path = place.path.display();
            let why = "it must be upgraded first; any command that records does so";
            Err(StoreError::Failed(format!("{path}: {why}")))
        }
    }
}

/// The number of the step to take next, if any.
fn next_step(place: &Place, connection: &Connection) -> Result<Option<usize>, StoreError> {
    let number = |sql: &str| {
        let found = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        found.map_err(|error| place.fault(&error))
    };
    let found = number("PRAGMA user_version")?;
    let ours = number("PRAGMA application_id")? == APPLICATION_ID;
    let fresh = || Ok(found == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0);
    if !ours && !fresh()? {
        let path = place.path.display();
        return Err(StoreError::Corrupt(format!("{path}: it is another program's database")));
    }
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    Ok(usize::try_from(found).ok().filter(|&step| step < STEPS.len()))
}

fn take(connection: &Connection, step: usize) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // Another process may have taken it while this one waited.
    if usize::try_from(found) == Ok(step) {
        connection.execute_batch(STEPS[step])?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", found + 1)?;
    }
    connection.execute_batch("COMMIT")
}
