//! Which states of an agreement are in force, and that each direction is judged by what the right side said.

use sluis::model::agreement::{Peer, Side, Terms, TermsSignature};
use sluis::model::ids::ItemId;
use sluis::model::label::Label;
use sluis::policy::PeerFacts;

use super::story::{NOW, at, community};

/// Water, as energy knows it: energy invited, sends up to AMBER, takes up to CLEAR, lets pass on and is commercial;
/// water sends up to GREEN, takes up to AMBER+STRICT, does not let pass on and is not.
fn water() -> Peer {
    let signature = || {
        Some(TermsSignature {
            signature: vec![0; 64],
            certificate: Vec::new(),
        })
    };
    Peer {
        id: community("water"),
        name: "Water".to_owned(),
        address: "water.isac.example:7443".to_owned(),
        ca_certificates: Vec::new(),
        phrase: String::new(),
        terms_bytes: Vec::new(),
        terms: Terms {
            agreement: ItemId::new(1, [1; 10]),
            version: 1,
            inviter: Side {
                community: community("energy"),
                out_ceiling: Label::Amber,
                in_ceiling: Label::Clear,
                onward: true,
                commercial: true,
            },
            accepter: Side {
                community: community("water"),
                out_ceiling: Label::Green,
                in_ceiling: Label::AmberStrict,
                onward: false,
                commercial: false,
            },
            kinds: Vec::new(),
            sectors: vec!["water".to_owned()],
            from: None,
            until: None,
        },
        our_signature: signature(),
        their_signature: signature(),
        suspended: false,
        ended: false,
        epoch: 0,
    }
}

fn in_force(peer: &Peer) -> bool {
    PeerFacts::of(peer, &community("energy"), at(NOW))
        .agreement
        .is_some()
}

#[test]
fn in_force_is_what_both_have_signed_and_nobody_has_stopped() {
    for state in 0..16_u8 {
        let mut peer = water();
        if state & 1 != 0 {
            peer.our_signature = None;
        }
        if state & 2 != 0 {
            peer.their_signature = None;
        }
        peer.suspended = state & 4 != 0;
        peer.ended = state & 8 != 0;
        assert_eq!(in_force(&peer), state == 0, "{state:04b}");
    }
}

#[test]
fn an_agreement_holds_from_its_first_moment_to_its_last() {
    let between = |from: Option<i64>, until: Option<i64>| {
        let mut peer = water();
        peer.terms.from = from.map(at);
        peer.terms.until = until.map(at);
        in_force(&peer)
    };
    assert!(between(Some(NOW), None));
    assert!(between(Some(NOW - 1), Some(NOW + 1)));
    assert!(!between(Some(NOW + 1), None), "not yet begun");
    assert!(!between(None, Some(NOW)), "over");
    assert!(!between(Some(NOW - 2), Some(NOW - 1)), "over");
}

#[test]
fn terms_between_others_are_no_agreement_of_ours() {
    let mut peer = water();
    peer.terms.inviter.community = community("msp");
    assert!(!in_force(&peer), "we are no side");
    let mut peer = water();
    peer.terms.accepter.community = community("msp");
    assert!(!in_force(&peer), "the peer is no side");
}

#[test]
fn each_direction_is_judged_by_what_the_right_side_said() {
    let from_energy = PeerFacts::of(&water(), &community("energy"), at(NOW))
        .agreement
        .expect("in force");
    assert_eq!(from_energy.out_ceiling, Label::Amber);
    assert_eq!(from_energy.in_ceiling, Label::AmberStrict);
    assert!(from_energy.onward, "the sending side lets pass on");
    assert!(!from_energy.commercial, "the receiving side is commercial");

    // The same terms, as water keeps them.
    let energy = Peer {
        id: community("energy"),
        ..water()
    };
    let from_water = PeerFacts::of(&energy, &community("water"), at(NOW))
        .agreement
        .expect("in force");
    assert_eq!(from_water.out_ceiling, Label::Green);
    assert_eq!(from_water.in_ceiling, Label::Clear);
    assert!(!from_water.onward);
    assert!(from_water.commercial);
    assert_eq!(from_water.sectors, ["water"]);
}
