//! Pushing through the real command line to a real node: what is accepted, and what is refused and leaves nothing behind.

mod accepted;
mod parts;
mod preview;
mod refused;
mod repeated;
mod revised;
mod stream;
mod waiting;
