//! Who is let in, to what, and how it ends: over real connections, with credentials that are wrong in one thing each.
//! `trust/` and `members/` look at the same from inside, with a clock that is set.

mod credentials;
mod invites;
mod membership;
mod strangers;
