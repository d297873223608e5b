//! Invariant 10: raising the label, narrowing the audience, lowering a ceiling or hop limit, dropping onward, lengthening
//! the path never turns withhold into permit. Told from the other end: whatever is permitted stays permitted when any one of
//! these is undone.
//!
//! Two readings. An audience *narrows* by naming fewer of those that it could name; giving one where there was none narrows
//! too, but for AMBER towards other communities and for RED towards persons, which reach nobody without one. And what is
//! somebody's own stays his own, whatever is narrowed.

use sluis::policy::{ItemFacts, Viewer, decide};

use super::cases::{AMBER, CLEAR, LABELS, MemberCase, Names, ORIGIN, PUSHERS, PeerCase, RED};
use super::members_exhaustive as members;
use super::peers_exhaustive as peers;
use super::story::{NOW, at};

fn permits((item, viewer): &(ItemFacts, Viewer)) -> bool {
    decide(item, viewer, at(NOW)).permits()
}

/// The cases that differ from this one by one step towards more freedom.
fn freer_for_peers(c: PeerCase) -> Vec<PeerCase> {
    let mut freer = Vec::new();
    if c.label > CLEAR {
        freer.push(PeerCase {
            label: c.label - 1,
            ..c
        });
    }
    for named in [["peer", "other"].as_slice(), &["peer"]] {
        if c.audience.is_some_and(|names| !names.contains(&"other")) && c.peer == "peer" {
            freer.push(PeerCase {
                audience: Some(named),
                ..c
            });
        }
    }
    if c.audience.is_some() && c.label != AMBER {
        freer.push(PeerCase {
            audience: None,
            names_members: false,
            ..c
        });
    }
    freer.push(PeerCase {
        names_members: false,
        ..c
    });
    if c.out_ceiling < RED {
        freer.push(PeerCase {
            out_ceiling: c.out_ceiling + 1,
            ..c
        });
    }
    if c.in_ceiling < RED {
        freer.push(PeerCase {
            in_ceiling: c.in_ceiling + 1,
            ..c
        });
    }
    if let Some(limit) = c.hop_limit {
        freer.push(PeerCase {
            hop_limit: Some(limit + 1),
            ..c
        });
        freer.push(PeerCase {
            hop_limit: None,
            ..c
        });
    }
    freer.push(PeerCase {
        onward_in: true,
        ..c
    });
    freer.push(PeerCase {
        onward_out: true,
        ..c
    });
    let shorter: &[&'static [&'static str]] = match c.way.len() {
        4 => &[
            &[ORIGIN, "between", "here"],
            &[ORIGIN, "beyond", "here"],
            &[ORIGIN, "here"],
            &[ORIGIN],
        ],
        3 => &[&[ORIGIN, "here"], &[ORIGIN]],
        2 => &[&[ORIGIN]],
        _ => &[],
    };
    freer.extend(shorter.iter().map(|way| PeerCase { way, ..c }));
    freer
}

#[test]
fn whatever_a_peer_may_have_it_may_have_under_freer_conditions() {
    let mut permitted = 0_u32;
    for (way, peer) in peers::WAYS {
        for (audience, names_members) in peers::AUDIENCES {
            for label in LABELS {
                for (out_ceiling, in_ceiling) in peers::ceilings() {
                    for hop_limit in peers::HOP_LIMITS {
                        for onward in 0..4 {
                            let case = PeerCase {
                                way,
                                peer,
                                audience,
                                names_members,
                                label,
                                out_ceiling,
                                in_ceiling,
                                hop_limit,
                                onward_in: onward & 1 == 0,
                                onward_out: onward & 2 == 0,
                                ..PeerCase::PERMITTED
                            };
                            // Most are withheld: the table says so faster than facts are made.
                            if super::tables::peer_table(&case) != "permit" {
                                continue;
                            }
                            assert!(permits(&case.facts()), "{case:?}");
                            permitted += 1;
                            for freer in freer_for_peers(case) {
                                assert!(permits(&freer.facts()), "{case:?}\n{freer:?}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(permitted > 1000, "{permitted}");
}

/// The same for members. Ceilings, hop limits and onward do not concern them.
fn freer_for_members(c: MemberCase) -> Vec<MemberCase> {
    let mut freer = Vec::new();
    if c.label > CLEAR {
        freer.push(MemberCase {
            label: c.label - 1,
            ..c
        });
    }
    if c.newcomers_see < RED {
        freer.push(MemberCase {
            newcomers_see: c.newcomers_see + 1,
            ..c
        });
    }
    freer.push(MemberCase {
        admitted_before: 1,
        ..c
    });
    if let Some(names) = c.audience {
        // The viewer, its member or its community is named besides, where such are named at all.
        for more in [
            Names {
                communities: &["other", "here", ORIGIN],
                ..names
            },
            Names {
                members: &["grid", "volt"],
                ..names
            },
        ] {
            let limits_anew = names.members.is_empty() && names.credentials.is_empty();
            if more.members == names.members || !limits_anew {
                freer.push(MemberCase {
                    audience: Some(more),
                    ..c
                });
            }
        }
        let reaches_nobody_without = match c.label {
            RED => true,
            AMBER => c.way.len() > 1,
            _ => false,
        };
        if !reaches_nobody_without {
            freer.push(MemberCase {
                audience: None,
                ..c
            });
        }
    }
    let shorter: &[&'static [&'static str]] = match c.way.len() {
        3 => &[&[ORIGIN, "here"]],
        _ => &[],
    };
    freer.extend(shorter.iter().map(|way| MemberCase { way, ..c }));
    freer
}

#[test]
fn whatever_a_member_may_see_it_may_see_under_freer_conditions() {
    let mut permitted = 0_u32;
    for way in members::WAYS {
        for audience in members::AUDIENCES {
            for label in LABELS {
                for viewer in ["person/jan", "tool/siem"] {
                    for pusher in PUSHERS {
                        for (there_at_push, admitted_before) in [(true, 0), (false, 0), (true, -1)]
                        {
                            for newcomers_see in LABELS {
                                let case = MemberCase {
                                    way,
                                    audience,
                                    label,
                                    viewer,
                                    pusher,
                                    there_at_push,
                                    admitted_before,
                                    newcomers_see,
                                    ..MemberCase::PERMITTED
                                };
                                if !permits(&case.facts()) {
                                    continue;
                                }
                                permitted += 1;
                                for freer in freer_for_members(case) {
                                    assert!(permits(&freer.facts()), "{case:?}\n{freer:?}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(permitted > 1000, "{permitted}");
}

/// What is somebody's own is not taken from him by any narrowing.
#[test]
fn own_items_stay_whatever_is_narrowed() {
    for audience in members::AUDIENCES {
        for label in LABELS {
            for admitted_before in [1, -1] {
                for pusher in PUSHERS {
                    let case = MemberCase {
                        audience,
                        label,
                        pusher,
                        admitted_before,
                        newcomers_see: CLEAR,
                        ..MemberCase::PERMITTED
                    };
                    let own = pusher != super::cases::Pusher::Another
                        && pusher != super::cases::Pusher::Node;
                    if own {
                        assert!(permits(&case.facts()), "{case:?}");
                    }
                }
            }
        }
    }
}
