//! Who should hold what, worked out from the play alone.
//!
//! Written as a person would read the tables of the sharing rules, and sharing no code with the policy: it knows the
//! labels, kinds and limits from the play, not from the node. What the nodes and viewers really hold at the end is compared
//! with this; each thing held by somebody who is not listed here is a leak.

use std::collections::{BTreeMap, BTreeSet};

use super::pushes::{Ending, Push};
use super::scenario::{COMMUNITIES, Community, Fate, Member, PACTS, Shade, Side};

/// Where an item may be: `energy` is the node, `energy/gridco/siem` a viewer.
pub(super) type Place = String;

/// For each item, by its number in the play: every place that should hold it at the end.
pub(super) fn expected(pushes: &[Push]) -> BTreeMap<usize, BTreeSet<Place>> {
    pushes
        .iter()
        .enumerate()
        .map(|(n, push)| (n, places(push)))
        .collect()
}

fn places(push: &Push) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    if push.ends != Ending::Shared {
        return places;
    }
    for path in paths(push) {
        let Some(here) = path.last() else { continue };
        places.insert(here.short.to_owned());
        for member in here.members {
            let persons = member.persons.iter().map(|name| (name, false));
            let tools = member.tools.iter().map(|name| (name, true));
            for (name, is_tool) in persons.chain(tools) {
                if sees(push, here, member, name, is_tool) {
                    places.insert(format!("{}/{}/{name}", here.short, member.id));
                }
            }
        }
    }
    places
}

/// Every way on which the item reaches a community, its origin first.
fn paths(push: &Push) -> Vec<Vec<&'static Community>> {
    let mut open = vec![vec![origin(push)]];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        for next in &COMMUNITIES {
            if crosses(push, &path, next) {
                let mut longer = path.clone();
                longer.push(next);
                open.push(longer);
            }
        }
        found.push(path);
    }
    found
}

fn crosses(push: &Push, path: &[&'static Community], to: &'static Community) -> bool {
    let Some(from) = path.last() else {
        return false;
    };
    let Some((sender, receiver, kinds, sectors)) = signed(from.id, to.id) else {
        return false;
    };
    if path.iter().any(|c| c.id == to.id) {
        return false;
    }
    if push.label == Shade::Red || push.label == Shade::Strict {
        return false;
    }
    let named = push.to.contains(&to.id);
    if push.label == Shade::Amber && (path.len() > 1 || !named) {
        return false;
    }
    if !push.to.is_empty() && !named {
        return false;
    }
    if push.label > sender.out || push.label > receiver.takes {
        return false;
    }
    if path.len() > 1 {
        let came_over = path
            .iter()
            .rev()
            .nth(1)
            .and_then(|before| signed(before.id, from.id));
        let came_with_leave = came_over.is_some_and(|(before, ..)| before.onward);
        if !came_with_leave || !sender.onward {
            return false;
        }
    }
    for limit in [push.hops, push.own_hops].into_iter().flatten() {
        if path.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
            return false;
        }
    }
    if !kinds.is_empty() && !kinds.contains(&push.kind) {
        return false;
    }
    let own_sector = [origin(push).sector];
    let of_item: &[&str] = if push.sectors.is_empty() {
        &own_sector
    } else {
        push.sectors
    };
    if !sectors.is_empty() && !of_item.iter().any(|s| sectors.contains(s)) {
        return false;
    }
    !(push.no_commercial_use && receiver.commercial)
}

/// What both signed for this direction: the sending side, the receiving side, kinds, sectors.
type Direction = (Side, Side, &'static [&'static str], &'static [&'static str]);

fn signed(from: &str, to: &str) -> Option<Direction> {
    PACTS.iter().filter(|pact| pact.signed).find_map(|pact| {
        let (a, b) = (pact.inviter, pact.accepter);
        if a.community == from && b.community == to {
            Some((a, b, pact.kinds, pact.sectors))
        } else if b.community == from && a.community == to {
            Some((b, a, pact.kinds, pact.sectors))
        } else {
            None
        }
    })
}

fn sees(push: &Push, here: &Community, member: &Member, name: &str, is_tool: bool) -> bool {
    if member.fate == Fate::Suspended {
        return false;
    }
    let at_home = here.id == origin(push).id;
    if !at_home {
        return !(push.no_commercial_use && member.commercial);
    }
    let mut by = push.by.split('/').skip(1);
    let (pusher, credential) = (by.next().unwrap_or(""), by.next().unwrap_or(""));
    if member.id == pusher && (name == credential || !is_tool) {
        return true;
    }
    let names_members = push.to.iter().any(|to| !to.contains('.'));
    let named = member.id == pusher || push.to.contains(&member.id);
    if names_members && !named {
        return false;
    }
    if push.label == Shade::Red && (is_tool || !named) {
        return false;
    }
    // Whoever comes late sees nothing of before that is stricter than GREEN.
    if member.fate == Fate::ComesLate && push.label > Shade::Green {
        return false;
    }
    !(push.no_commercial_use && member.commercial)
}

fn origin(push: &Push) -> &'static Community {
    let short = push.by.split('/').next().unwrap_or("");
    COMMUNITIES
        .iter()
        .find(|c| c.short == short)
        .unwrap_or(&COMMUNITIES[0])
}

#[cfg(test)]
mod tests {
    use super::super::pushes::items;
    use super::*;

    #[test]
    fn the_play_has_something_to_show() {
        let items = items();
        let expected = expected(&items);
        let over_two_hops = items
            .iter()
            .enumerate()
            .any(|(n, push)| push.by.starts_with("energy/") && expected[&n].contains("msp"));
        assert!(over_two_hops, "nothing goes from energy over water to msp");
        for shade in [
            Shade::Clear,
            Shade::Green,
            Shade::Amber,
            Shade::Strict,
            Shade::Red,
        ] {
            assert!(items.iter().any(|p| p.label == shade));
        }
        let nothing_crosses = |p: &&Push| matches!(p.label, Shade::Red | Shade::Strict);
        for push in items.iter().filter(nothing_crosses) {
            assert_eq!(paths(push).len(), 1, "{} would leave", push.file);
        }
    }
}
