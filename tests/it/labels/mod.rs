//! Each label in each place of each format, in every spelling: the effective label is never below what was planted, nor
//! below what a second reading finds that shares no code with the first (threats 2 and 3).

pub(crate) mod extractor;
pub(crate) mod plants;
mod planted;
