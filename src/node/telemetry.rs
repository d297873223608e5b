//! The log: where it goes, in which form, and how much of it.
//!
//! It goes to standard error, which belongs to people and collectors; standard output belongs to answers. Never
//! content, titles, keys or invites: whoever logs keeps to identifiers.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::config::{Environment, LogFormat};

/// Starts logging for the rest of the process. A second call changes nothing.
///
/// `directives` says how much, such as `info`; `SLUIS_LOG` in the environment goes before it. Directives that do not
/// read are answered with a sentence on standard error, and the given ones hold.
pub fn start(format: LogFormat, directives: &str, environment: &Environment) {
    let filter = match environment.value("SLUIS_LOG") {
        None => EnvFilter::new(directives),
        Some(wanted) => EnvFilter::try_new(wanted).unwrap_or_else(|error| {
            eprintln!("sluis: SLUIS_LOG does not read ({error}); “{directives}” holds");
            EnvFilter::new(directives)
        }),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder
            .with_ansi(std::io::stderr().is_terminal() && environment.value("NO_COLOR").is_none())
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

/// How much a serving node logs: what happens, without the chatter of the libraries.
pub const SERVING: &str = "info,sqlx=warn,h2=warn,hyper=warn,rustls=warn";
