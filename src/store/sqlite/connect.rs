//! Opening the file: created for its owner alone, set to be durable, and looked over.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::{fault, io_fault};
use super::patience::Patience;
use super::{Options, migrations};
use crate::store::StoreError;

/// SQLite 3.51.3 repaired a fault that could damage databases in WAL mode.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Prepared statements kept; more than there are.
const STATEMENTS: usize = 64;

/// `synchronous=FULL` makes a commit durable; checkpoints are the writer's business.
const DURABLE: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cell_size_check = ON;
    PRAGMA cache_size = -16384;";

/// Which database, and how to treat it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) options: Options,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) connection: Connection,
    pub(super) patience: Patience,
    place: Place,
}

impl Line {
    /// Waits for locks as long as the settings say, from now.
    pub(super) fn be_patient(&self) {
        self.patience.extend(Instant::now() + self.place.options.busy_timeout);
    }
}

impl Place {
    /// A place; relative paths are taken from the current directory as it is now.
    pub(super) fn new(path: &Path, options: Options) -> Result<Self, StoreError> {
        // An absolute path also keeps SQLite from reading `file:` or `:memory:` into it.
        let path = std::path::absolute(path).map_err(|error| io_fault(path, &error))?;
        Ok(Self { path, options })
    }

    /// What the error means here.
    pub(super) fn fault(&self, error: &rusqlite::Error) -> StoreError {
        fault(&self.path, error)
    }

    /// A connection that writes; creates and upgrades the database as necessary.
    pub(super) fn open_for_writing(&self) -> Result<Line, StoreError> {
        check_version()?;
        let patience = Patience::until(Instant::now() + self.options.busy_timeout);
        create(&self.path).map_err(|error| io_fault(&self.path, &error))?;
        loop {
            // SQLite does not wait where processes race to create the same database.
            match self.prepare(&patience) {
                Err(StoreError::Locked) if patience.nap() => {}
                outcome => return outcome,
            }
        }
    }

    fn prepare(&self, patience: &Patience) -> Result<Line, StoreError> {
        let line = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE, patience.clone())?;
        let failed = |error: rusqlite::Error| self.fault(&error);
        let connection = &line.connection;
        let mode: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .map_err(failed)?;
        if mode != "wal" {
            let path = self.path.display();
            return Err(StoreError::Failed(format!("{path}: no write-ahead log is possible here")));
        }
        connection.execute_batch(DURABLE).map_err(failed)?;
        if let Some(pages) = self.options.max_pages {
            connection.pragma_update(None, "max_page_count", pages).map_err(failed)?;
        }
        migrations::migrate(self, connection)?;
        look_over(connection).map_err(failed)?;
        Ok(line)
    }

    /// A connection that only reads.
    pub(super) fn open_for_reading(&self) -> Result<Line, StoreError> {
        let patience = Patience::until(Instant::now() + self.options.busy_timeout);
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY, patience)
    }

    fn connect(&self, access: OpenFlags, patience: Patience) -> Result<Line, StoreError> {
        let failed = |error: rusqlite::Error| self.fault(&error);
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let mut connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        let handler = patience.clone();
        connection.busy_handler(Some(move |_| handler.nap())).map_err(failed)?;
        harden(&connection).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Line { connection, patience, place: self.clone() })
    }
}

fn check_version() -> Result<(), StoreError> {
    if rusqlite::version_number() >= OLDEST_SQLITE {
        return Ok(());
    }
    let found = rusqlite::version();
    Err(StoreError::Failed(format!("SQLite {found} is too old: 3.51.3 or newer is needed")))
}

fn harden(connection: &Connection) -> rusqlite::Result<()> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
        // Otherwise statements that may use a partial index are parsed again at every use.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        connection.set_db_config(setting, on)?;
    }
    Ok(())
}

/// A damaged or cut file mostly shows at its edges: the schema, and the newest decision.
fn look_over(connection: &Connection) -> rusqlite::Result<()> {
    let mut newest = connection.prepare("SELECT body FROM decisions ORDER BY seq DESC LIMIT 1")?;
    let mut rows = newest.query([])?;
    rows.next()?.map_or(Ok(()), |row| row.get_ref(0)?.as_str().map(drop).map_err(Into::into))
}

/// Whoever may put a link where the database is to be would choose the file that is written.
fn create(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|about| about.file_type().is_symlink()) {
        return Err(io::Error::other("it is a symbolic link: name the file itself"));
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.exists()) {
        owners_alone_directory().create(parent)?;
    }
    // SQLite gives its side files the same permissions, and with the first commit syncs the
    // directory, which makes all their names durable.
    owners_alone_file().open(path).map(drop)
}

fn owners_alone_directory() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn owners_alone_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
