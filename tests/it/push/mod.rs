//! Pushing through the real command line to a real node: what is accepted, and what is refused and leaves nothing behind.

mod accepted;
mod preview;
mod refused;
mod repeated;
mod stream;
