//! Texts with a meaning: addresses, domains, URLs, paths, times, durations.
//!
//! Each type reads a text as a call or a policy holds it and keeps its normal form, so that two
//! spellings of one thing compare equal; what is not whole and normal is `None`, which conditions
//! take for *unknown*. Texts that are normal ASCII already are borrowed, not copied.

mod domain;
mod duration;
mod email;
mod path;
pub mod text;
mod time;
mod url;

pub use self::domain::Domain;
pub use self::duration::Duration;
pub use self::email::{EmailAddress, count_addresses, count_items};
pub use self::path::PathText;
pub use self::time::{Timestamp, date, local_date_time};
pub use self::url::{UrlText, host};
