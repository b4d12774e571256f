//! SQLite's errors in the store's words.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::StoreError;

/// What the error means for the store at `path`.
pub(super) fn fault(path: &Path, error: &Error) -> StoreError {
    let text = format!("{}: {error}", path.display());
    match error {
        Error::SqliteFailure(failure, message) => match failure.code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed => StoreError::Locked,
            ErrorCode::DiskFull => StoreError::Full,
            ErrorCode::ReadOnly => StoreError::ReadOnly(text),
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(text),
            ErrorCode::CannotOpen if !can_create_beside(path) => StoreError::ReadOnly(text),
            ErrorCode::ConstraintViolation => {
                taken(failure.extended_code, message.as_deref(), text)
            }
            _ => StoreError::Failed(text),
        },
        // Columns hold what this program never writes there.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt(text),
        _ => StoreError::Failed(text),
    }
}

/// What a failed file operation means.
pub(super) fn io_fault(path: &Path, error: &io::Error) -> StoreError {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(text)
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(text),
    }
}

fn taken(extended: i32, message: Option<&str>, text: String) -> StoreError {
    if extended != ffi::SQLITE_CONSTRAINT_UNIQUE && extended != ffi::SQLITE_CONSTRAINT_PRIMARYKEY {
        return StoreError::Failed(text);
    }
    let message = message.unwrap_or_default();
    StoreError::Refused(if message.contains("call_id") {
        "this call id is already claimed".to_owned()
    } else if message.contains("requests.") {
        "a request with this id already exists".to_owned()
    } else {
        "a decision with this id is already in the log".to_owned()
    })
}

/// SQLite says only "cannot open" where a directory forbids its side files.
fn can_create_beside(path: &Path) -> bool {
    let probe = path.with_extension(format!("probe-{}", std::process::id()));
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => std::fs::remove_file(&probe).is_ok(),
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        ),
    }
}
