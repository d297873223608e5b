//! The operator's care: what is saved comes back, and what comes back is noticed by everybody else.

mod backup;
mod care;
mod links;
mod quarantine;
mod restored;
