//! Values between JavaScript and Fence, exact both ways.

mod read;
mod show;

pub use read::{Given, Text};
pub use show::Shown;
