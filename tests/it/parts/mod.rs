//! A mixed bundle comes apart into one valid bundle per label, and nothing of a higher one shows in a lower one (threats 5
//! and 6, invariant 5): as properties over generated bundles, judged by a plain second implementation.

pub(crate) mod bundles;
mod guesses;
pub(crate) mod naive;
mod split;

use crate::labels::extractor;
