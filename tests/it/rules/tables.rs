//! The tables of design.md part 4, written down a second time: row by row, in their order, in plain words. Slow, naive,
//! and without a line in common with the code that decides.

use super::cases::{
    AMBER, AMBER_STRICT, CLEAR, GREEN, MemberCase, Names, ORIGIN, PeerCase, Pusher, RED,
};
use super::story::NOW;

/// The first rule of the table that withholds the item from the peer, or `permit`.
pub(crate) fn peer_table(c: &PeerCase) -> &'static str {
    let here = c.way[c.way.len() - 1];
    let hops_so_far = c.way.len() - 1;
    let audience_is_given = c.audience.is_some();
    let peer_is_named = matches!(c.audience, Some(names) if names.contains(&c.peer));
    let amber_and_not_named = c.label == AMBER && !peer_is_named;
    let outside_the_audience = audience_is_given && !peer_is_named;
    let is_over = matches!(c.valid_until, Some(hour) if hour <= NOW);
    // A receiver takes sixteen hops at most (envelope.proto).
    let limit = match c.hop_limit {
        Some(limit) => usize::try_from(limit).unwrap(),
        None => 16,
    };
    let a_sector_matches = c.sectors.iter().any(|s| c.agreed_sectors.contains(s));

    first(&[
        ("not-in-force", !c.in_force),
        ("withdrawn", c.withdrawn),
        ("expired", is_over),
        (
            "label-never-leaves",
            c.label == RED || c.label == AMBER_STRICT,
        ),
        ("onward-amber", c.label == AMBER && here != ORIGIN),
        ("not-named", amber_and_not_named || outside_the_audience),
        ("ceiling-out", c.label > c.out_ceiling),
        ("ceiling-in", c.label > c.in_ceiling),
        ("loop", c.peer == ORIGIN || c.way.contains(&c.peer)),
        (
            "onward-not-agreed",
            here != ORIGIN && (!c.onward_in || !c.onward_out),
        ),
        ("hop-limit", hops_so_far >= limit),
        (
            "kind-not-agreed",
            !c.agreed_kinds.is_empty() && !c.agreed_kinds.contains(&c.kind),
        ),
        (
            "sector-not-agreed",
            !c.agreed_sectors.is_empty() && !a_sector_matches,
        ),
        (
            "commercial-use",
            (c.no_commercial_use || c.no_resale) && c.commercial,
        ),
    ])
}

/// The first rule that withholds the item from the member's credential, or `permit`.
pub(crate) fn member_table(c: &MemberCase) -> &'static str {
    let is_tool = c.viewer.starts_with("tool/");
    let is_over = matches!(c.valid_until, Some(hour) if hour <= NOW);
    let early = first(&[
        ("not-member", c.standing != "admitted" || !c.of_here),
        ("withdrawn", c.withdrawn),
        ("expired", is_over),
    ]);
    if early != "permit" {
        return early;
    }
    // Who pushed is known at the origin only.
    let own = |pusher| c.way == [ORIGIN] && c.pusher == pusher;
    let own_member = own(Pusher::Itself) || own(Pusher::OwnPerson) || own(Pusher::OwnTool);
    // “The credential that pushed and the persons of its member always see the item …”
    if own(Pusher::Itself) || (own_member && !is_tool) {
        return "permit";
    }
    // “… other tools of that member as if it were named.”
    let named = own_member || may_receive(c);
    first(&[
        ("not-named", !named),
        ("person-only", c.label == RED && is_tool),
        (
            "before-admission",
            c.admitted_before < 0 && c.label > c.newcomers_see,
        ),
        (
            "commercial-use",
            (c.no_commercial_use || c.no_resale) && c.commercial,
        ),
    ])
}

/// The table *Who may receive*, for members: at the origin its first column, elsewhere what the others say of members.
fn may_receive(c: &MemberCase) -> bool {
    let here = c.way[c.way.len() - 1];
    if here == ORIGIN {
        return match c.label {
            // “Only persons named in the audience (a named member means its persons at the time of the push)”. That a
            // tool is none is told by `person-only`.
            RED => match c.audience {
                None => false,
                Some(names) if c.viewer.starts_with("tool/") => names_viewer(&names, c.viewer),
                Some(names) => {
                    names_credential(&names, c.viewer)
                        || (names.members.contains(&"volt") && c.there_at_push)
                }
            },
            // “Yes, or only those named.”
            _ => match c.audience {
                None => true,
                Some(names) if names.members.is_empty() && names.credentials.is_empty() => true,
                Some(names) => names_viewer(&names, c.viewer),
            },
        };
    }
    let here_is_named = matches!(c.audience, Some(names) if names.communities.contains(&here));
    match c.label {
        RED | AMBER_STRICT => false,
        // “Only communities named in the audience, only from O itself; there: its members.”
        AMBER => here_is_named && c.way.len() == 2,
        GREEN | CLEAR => c.audience.is_none() || here_is_named,
        _ => false,
    }
}

fn names_viewer(names: &Names, viewer: &str) -> bool {
    names.members.contains(&"volt") || names_credential(names, viewer)
}

fn names_credential(names: &Names, viewer: &str) -> bool {
    names
        .credentials
        .iter()
        .any(|credential| *credential == format!("volt/{viewer}"))
}

fn first(rows: &[(&'static str, bool)]) -> &'static str {
    rows.iter()
        .find(|(_, withholds)| *withholds)
        .map_or("permit", |(rule, _)| rule)
}
