//! Every combination of what the rules towards peers look at: `decide` says what the table says.

use std::collections::BTreeMap;

use sluis::policy::decide;

use super::cases::{AMBER, AMBER_STRICT, GREEN, LABELS, ORIGIN, PeerCase, RED};
use super::story::{NOW, at};
use super::tables::peer_table;

/// Ways, and a peer at the end of each: new, the origin, on the way, or the deciding community itself.
pub(crate) const WAYS: [(&[&str], &str); 9] = [
    (&[ORIGIN], "peer"),
    (&[ORIGIN], ORIGIN),
    (&[ORIGIN, "here"], "peer"),
    (&[ORIGIN, "here"], ORIGIN),
    (&[ORIGIN, "here"], "here"),
    (&[ORIGIN, "between", "here"], "peer"),
    (&[ORIGIN, "between", "here"], "between"),
    (&[ORIGIN, "between", "beyond", "here"], "peer"),
    (&[ORIGIN, "between", "beyond", "here"], "beyond"),
];

/// Audiences: none; members only; other communities; the peer; the peer among others; with members.
pub(crate) const AUDIENCES: [(Option<&[&str]>, bool); 8] = [
    (None, false),
    (Some(&[]), false),
    (Some(&[]), true),
    (Some(&["here"]), false),
    (Some(&["other"]), false),
    (Some(&["peer"]), false),
    (Some(&["other", "peer", "here"]), false),
    (Some(&["peer", "between", "beyond", ORIGIN]), true),
];

pub(crate) const HOP_LIMITS: [Option<u32>; 5] = [None, Some(0), Some(1), Some(2), Some(3)];

const BOTH: [bool; 2] = [false, true];

/// How often each rule was the answer.
type Tally = BTreeMap<&'static str, u64>;

/// Decides a case that was written into the facts, and compares.
fn compare(
    case: &PeerCase,
    item: &sluis::policy::ItemFacts,
    viewer: &sluis::policy::Viewer,
    tally: &mut Tally,
) {
    let expected = peer_table(case);
    let decided = decide(item, viewer, at(NOW))
        .rule()
        .map_or("permit", |rule| rule.name());
    assert_eq!(decided, expected, "{case:?}");
    *tally.entry(expected).or_default() += 1;
}

/// All of label, way, audience, ceilings, onward and hop limit, each with and without every later and earlier rule.
#[test]
fn what_limits_the_way_of_an_item_is_judged_as_the_table_says() {
    let mut tally = Tally::new();
    for (way, peer) in WAYS {
        for (audience, names_members) in AUDIENCES {
            for lists in 0..4 {
                let mut case = PeerCase {
                    way,
                    peer,
                    audience,
                    names_members,
                    agreed_kinds: if lists & 1 == 0 { &[] } else { &["alert"] },
                    agreed_sectors: if lists & 2 == 0 { &[] } else { &["water"] },
                    ..PeerCase::PERMITTED
                };
                let (mut item, mut viewer) = case.facts();
                for label in LABELS {
                    for (out_ceiling, in_ceiling) in ceilings() {
                        for onward in 0..4 {
                            for hop_limit in HOP_LIMITS {
                                for commercial in BOTH {
                                    case.label = label;
                                    case.out_ceiling = out_ceiling;
                                    case.in_ceiling = in_ceiling;
                                    case.onward_in = onward & 1 == 0;
                                    case.onward_out = onward & 2 == 0;
                                    case.hop_limit = hop_limit;
                                    case.no_resale = commercial;
                                    case.commercial = commercial;
                                    case.write(&mut item, &mut viewer);
                                    compare(&case, &item, &viewer, &mut tally);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(tally.values().sum::<u64>(), 9 * 8 * 4 * 5 * 25 * 4 * 5 * 2);
    assert_eq!(
        tally.len(),
        12,
        "all but what this sweep holds still: {tally:?}"
    );
}

/// All of the agreement's state, withdrawn, valid-until, kinds, sectors, terms and commerce, each with labels, ways
/// and audiences that pass and that do not.
#[test]
fn what_an_agreement_and_terms_say_is_judged_as_the_table_says() {
    const KINDS: [&[&str]; 3] = [&[], &["alert", "report"], &["alert", "minutes"]];
    const AGREED_SECTORS: [&[&str]; 3] = [&[], &["energy", "water"], &["health"]];
    const SECTORS: [&[&str]; 4] = [&[], &["energy"], &["rail", "water"], &["rail"]];
    const UNTIL: [Option<i64>; 4] = [None, Some(NOW + 1), Some(NOW), Some(NOW - 1)];
    let mut tally = Tally::new();
    for (way, peer) in [WAYS[0], WAYS[2], WAYS[6]] {
        for (audience, names_members) in [AUDIENCES[0], AUDIENCES[2], AUDIENCES[6]] {
            for in_force in BOTH {
                for agreed_kinds in KINDS {
                    for agreed_sectors in AGREED_SECTORS {
                        for sectors in SECTORS {
                            let mut case = PeerCase {
                                way,
                                peer,
                                audience,
                                names_members,
                                in_force,
                                agreed_kinds,
                                agreed_sectors,
                                sectors,
                                ..PeerCase::PERMITTED
                            };
                            let (mut item, mut viewer) = case.facts();
                            for label in LABELS {
                                for withdrawn in BOTH {
                                    for valid_until in UNTIL {
                                        for terms in 0..8 {
                                            case.label = label;
                                            case.withdrawn = withdrawn;
                                            case.valid_until = valid_until;
                                            case.no_commercial_use = terms & 1 != 0;
                                            case.no_resale = terms & 2 != 0;
                                            case.commercial = terms & 4 != 0;
                                            case.write(&mut item, &mut viewer);
                                            compare(&case, &item, &viewer, &mut tally);
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(
        tally.values().sum::<u64>(),
        3 * 3 * 2 * 3 * 3 * 4 * 5 * 2 * 4 * 8
    );
    assert_eq!(tally.len(), 11, "{tally:?}");
}

/// Every label against every pair of ceilings would be 25 pairs; all of them are looked at.
pub(crate) fn ceilings() -> impl Iterator<Item = (u8, u8)> {
    LABELS
        .into_iter()
        .flat_map(|out| LABELS.into_iter().map(move |into| (out, into)))
}

/// What crosses at all, counted: no sweep passes because nothing is ever permitted.
#[test]
fn every_label_that_may_cross_does_cross_somewhere() {
    for (label, crosses) in [
        (GREEN, true),
        (AMBER, true),
        (AMBER_STRICT, false),
        (RED, false),
    ] {
        let mut crossed = false;
        for (way, peer) in WAYS {
            for (audience, names_members) in AUDIENCES {
                let case = PeerCase {
                    way,
                    peer,
                    audience,
                    names_members,
                    label,
                    ..PeerCase::PERMITTED
                };
                let (item, viewer) = case.facts();
                crossed |= decide(&item, &viewer, at(NOW)).permits();
            }
        }
        assert_eq!(crossed, crosses, "label {label}");
    }
}
