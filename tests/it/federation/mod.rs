//! Nodes of different communities, each in a process of its own, over real links.

mod agreements;
mod crashes;
mod documents;
mod onward;
mod outages;
mod revised;
mod two_nodes;
mod withdrawal;
