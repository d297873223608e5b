//! The gRPC door: one file a service, and in front of all of them one table that says who may call what.
//!
//! ```text
//! request ─▶ access (path → row, certificate → caller, row admits caller?) ─▶ handler: caller, parse, one call, convert
//! ```
//!
//! * A path without a row is not there; a caller whom the row does not name does not get further than the table.
//! * Who calls is read from the verified certificate and the roster as of now, for every call; never from the request.
//! * Errors become a `Status` in status.rs and nowhere else.

use std::sync::Arc;

use tonic::service::Routes;

use crate::model::ids::CommunityId;
use crate::model::roster::Roster;

pub mod access;
pub mod admin;
pub(crate) mod answers;
pub mod caller;
pub mod enrollment;
pub mod federation;
pub mod listener;
pub mod peering;
mod shares;
pub mod sharing;
pub mod status;
mod subscribe;

/// Puts the access table in front of the services. `roster` answers with everyone as of the last commit.
pub fn guarded(
    routes: Routes,
    here: CommunityId,
    roster: Arc<dyn Fn() -> Arc<Roster> + Send + Sync>,
) -> axum::Router {
    routes
        .into_axum_router()
        .layer(access::AccessLayer::new(here, roster))
}

/// Largest message of the services for operators, enrolment and first contact: eight certificates and some words. The
/// services that carry items have a bound of their own.
pub const SMALL_MESSAGE_BYTES_MAX: usize = 256 * 1024;
