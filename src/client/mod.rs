//! A member's tool: its profile, its first contact with an invite, its connection, and the renewal of its certificate.

pub mod connect;
pub mod join;
pub mod profile;
pub mod renew;
pub mod verify;

pub use connect::{ConnectError, channel, connect, explain, is_distrust};
pub use join::{JoinError, join};
pub use profile::{Profile, ProfileError};
pub use renew::{RenewError, keep_renewed, renew};

/// Longest unary message in bytes, both ways: a document of 16 MiB with its envelope.
pub const MESSAGE_BYTES_MAX: usize = 17 * 1024 * 1024;
/// Longest message of a stream in bytes, both ways: documents travel in chunks there.
pub const STREAM_MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// HTTP/2 window of a stream in bytes, both ends: a megabyte in flight fills 100 Mbit/s over 80 ms.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// HTTP/2 window of a connection in bytes, both ends; with it what one connection can make the other side hold.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
