//! Every combination of what the rules towards members look at: `decide` says what the tables say.

use std::collections::BTreeMap;

use sluis::policy::decide;

use super::cases::{LABELS, MemberCase, Names, ORIGIN, PUSHERS};
use super::story::{NOW, at};
use super::tables::member_table;

pub(crate) const WAYS: [&[&str]; 3] = [&[ORIGIN], &[ORIGIN, "here"], &[ORIGIN, "between", "here"]];

const fn names(
    communities: &'static [&'static str],
    members: &'static [&'static str],
    credentials: &'static [&'static str],
) -> Option<Names> {
    Some(Names {
        communities,
        members,
        credentials,
    })
}

/// Audiences: of communities, of the viewer's member, of the viewer, of others, and of several at once.
pub(crate) const AUDIENCES: [Option<Names>; 14] = [
    None,
    names(&[], &[], &[]),
    names(&["here"], &[], &[]),
    names(&["other"], &[], &[]),
    names(&["other", "here", ORIGIN], &[], &[]),
    names(&[], &["volt"], &[]),
    names(&[], &["grid"], &[]),
    names(&[], &["grid", "volt"], &[]),
    names(&[], &[], &["volt/person/jan"]),
    names(&[], &[], &["volt/tool/siem"]),
    names(
        &[],
        &[],
        &["volt/person/eva", "grid/person/jan", "volt/tool/jan"],
    ),
    names(&["here"], &["grid"], &[]),
    names(&["here"], &["volt"], &["grid/person/ann"]),
    names(&["other"], &[], &["volt/person/jan"]),
];

const BOTH: [bool; 2] = [false, true];
const STANDINGS: [&str; 4] = ["candidate", "admitted", "suspended", "left"];
const UNTIL: [Option<i64>; 4] = [None, Some(NOW + 1), Some(NOW), Some(NOW - 1)];

#[test]
fn every_member_is_judged_as_the_tables_say() {
    let mut tally: BTreeMap<&str, u64> = BTreeMap::new();
    for way in WAYS {
        for audience in AUDIENCES {
            for label in LABELS {
                for viewer in ["person/jan", "tool/siem"] {
                    for pusher in PUSHERS {
                        for (of_here, there_at_push) in [(true, true), (true, false), (false, true)]
                        {
                            let case = MemberCase {
                                way,
                                audience,
                                label,
                                viewer,
                                pusher,
                                of_here,
                                there_at_push,
                                ..MemberCase::PERMITTED
                            };
                            every_circumstance(case, &mut tally);
                        }
                    }
                }
            }
        }
    }
    let cases = (3 * 14 * 5 * 2 * 5 * 3) * (4 * 3 * 5 * 4 + 2 * 4 * 8 * 2);
    assert_eq!(tally.values().sum::<u64>(), cases);
    assert_eq!(tally.len(), 8, "{tally:?}");
}

/// The circumstances of one case: who the member is at the time, and what became of the item. The two groups meet
/// only in the order of the rules, so that each is swept in full beside the extremes of the other.
fn every_circumstance(mut case: MemberCase, tally: &mut BTreeMap<&'static str, u64>) {
    let (mut item, mut viewer) = case.facts();
    let mut compare = |case: &MemberCase| {
        case.write(&mut item, &mut viewer);
        let expected = member_table(case);
        let decided = decide(&item, &viewer, at(NOW))
            .rule()
            .map_or("permit", |rule| rule.name());
        assert_eq!(decided, expected, "{case:?}");
        *tally.entry(expected).or_default() += 1;
    };
    for standing in STANDINGS {
        for admitted_before in [1, 0, -1] {
            for newcomers_see in LABELS {
                for late in 0..4 {
                    case.standing = standing;
                    case.admitted_before = admitted_before;
                    case.newcomers_see = newcomers_see;
                    case.withdrawn = late == 1;
                    case.valid_until = (late == 2).then_some(NOW);
                    case.no_resale = late == 3;
                    case.commercial = late == 3;
                    compare(&case);
                }
            }
        }
    }
    case.standing = "admitted";
    case.newcomers_see = 1;
    for withdrawn in BOTH {
        for valid_until in UNTIL {
            for terms in 0..8 {
                for admitted_before in [0, -1] {
                    case.withdrawn = withdrawn;
                    case.valid_until = valid_until;
                    case.no_commercial_use = terms & 1 != 0;
                    case.no_resale = terms & 2 != 0;
                    case.commercial = terms & 4 != 0;
                    case.admitted_before = admitted_before;
                    compare(&case);
                }
            }
        }
    }
}
