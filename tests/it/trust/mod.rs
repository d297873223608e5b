//! Identity and trust, with real sockets and real TLS: whom a node lets in, to whom a client talks, and how a connection
//! ends (threats 24 to 29, 32, 33, 48; invariants 7, 28, 29).

mod certificates;
mod client;
mod diagonal;
mod listener;
mod support;
mod tls;
