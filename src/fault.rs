//! An error with its whole chain, on one line, for the log.

use std::error::Error;
use std::fmt::Write as _;

/// The error and what caused it, joined by colons. `Display` of an error in this crate never repeats its source.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        // Writing to a String does not fail.
        let _ = write!(text, ": {next}");
        cause = next.source();
    }
    text
}
