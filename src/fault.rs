//! An error with its whole chain, on one line, for the log.

use std::error::Error;

/// The error and what caused it, joined by colons. `Display` of an error in this crate never repeats its source.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let told = next.to_string();
        // Some libraries repeat their cause in their own words.
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = next.source();
    }
    text
}
