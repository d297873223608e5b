//! “The first in this order is the reason given.” Everything is wrong at first; then one thing after the other is set right.

use sluis::model::decision::{Decision, Rule};
use sluis::model::label::Label;
use sluis::model::member::Standing;
use sluis::model::words::Kind;
use sluis::policy::{PeerFacts, Viewer, decide};

use super::story::{NOW, RECORDED, Reader, at, community, item, peer, reader};

#[test]
fn towards_a_peer_the_first_rule_of_the_table_is_the_reason() {
    let mut item = item(Label::Red)
        .to("community other")
        .came_over(&["energy", "between", "water"])
        .without_leave_to_pass_on()
        .hop_limit(1)
        .kind(Kind::Minutes)
        .no_resale()
        .valid_until(NOW)
        .withdrawn();
    let mut peer = peer("between")
        .we_send_up_to(Label::Clear)
        .it_takes_up_to(Label::Clear)
        .may_not_pass_on()
        .kinds(&[Kind::Report])
        .sectors(&["water"])
        .commercial();

    let no_agreement = Viewer::Peer(PeerFacts {
        community: community("between"),
        agreement: None,
    });
    assert_eq!(
        decide(&item.0, &no_agreement, at(NOW)),
        Decision::Withhold(Rule::NotInForce)
    );
    item.is_withheld_from(&peer, Rule::Withdrawn);
    item.0.withdrawn = false;
    item.is_withheld_from(&peer, Rule::Expired);
    item.0.valid_until = None;
    item.is_withheld_from(&peer, Rule::LabelNeverLeaves);
    item.0.label = Label::Amber;
    item.is_withheld_from(&peer, Rule::OnwardAmber);
    item.0.label = Label::Green;
    item.is_withheld_from(&peer, Rule::NotNamed);
    item.0.audience = None;
    item.is_withheld_from(&peer, Rule::CeilingOut);
    peer = peer.we_send_up_to(Label::Green);
    item.is_withheld_from(&peer, Rule::CeilingIn);
    peer = peer.it_takes_up_to(Label::Green);
    item.is_withheld_from(&peer, Rule::Loop);
    peer.name = "msp".to_owned();
    item.is_withheld_from(&peer, Rule::OnwardNotAgreed);
    item.0.onward_in = true;
    peer.agreement.onward = true;
    item.is_withheld_from(&peer, Rule::HopLimit);
    item.0.hop_limit = None;
    item.is_withheld_from(&peer, Rule::KindNotAgreed);
    item.0.kind = Kind::Report;
    item.is_withheld_from(&peer, Rule::SectorNotAgreed);
    item.0.sectors.push("water".to_owned());
    item.is_withheld_from(&peer, Rule::CommercialUse);
    peer.agreement.commercial = false;
    item.goes_to(&peer);
}

#[test]
fn towards_a_member_likewise() {
    let mut item = item(Label::Red)
        .to("grid")
        .no_commercial_use()
        .valid_until(NOW)
        .withdrawn();
    let mut tool = reader("volt/tool/siem")
        .standing(Standing::Suspended { admitted: at(1) })
        .commercial();

    item.is_withheld_from(&tool, Rule::NotMember);
    tool = tool.admitted(RECORDED + 1);
    item.is_withheld_from(&tool, Rule::Withdrawn);
    item.0.withdrawn = false;
    item.is_withheld_from(&tool, Rule::Expired);
    item.0.valid_until = None;
    item.is_withheld_from(&tool, Rule::NotNamed);
    item = item.to("volt");
    item.is_withheld_from(&tool, Rule::PersonOnly);
    item.0.label = Label::AmberStrict;
    item.is_withheld_from(&tool, Rule::BeforeAdmission);
    tool = tool.admitted(1);
    item.is_withheld_from(&tool, Rule::CommercialUse);
    tool.0.commercial = false;
    item.goes_to(&tool);
}

/// The declaration of the rules follows the order in which they are looked at, for peers and for members.
#[test]
fn the_rules_are_declared_in_their_order() {
    let peers = [
        "not-in-force",
        "withdrawn",
        "expired",
        "label-never-leaves",
        "onward-amber",
        "not-named",
        "ceiling-out",
        "ceiling-in",
        "loop",
        "onward-not-agreed",
        "hop-limit",
        "kind-not-agreed",
        "sector-not-agreed",
        "commercial-use",
    ];
    let members = [
        "not-member",
        "withdrawn",
        "expired",
        "not-named",
        "person-only",
        "before-admission",
        "commercial-use",
    ];
    for order in [peers.as_slice(), &members] {
        let declared: Vec<_> = Rule::ALL
            .iter()
            .map(|rule| rule.name())
            .filter(|name| order.contains(name))
            .collect();
        assert_eq!(declared, order);
    }
    assert!(
        Rule::ALL
            .iter()
            .all(|rule| peers.contains(&rule.name()) || members.contains(&rule.name()))
    );
}

/// One function for all exits: the same facts, the same answer, whoever asks and how often.
#[test]
fn a_decision_depends_on_nothing_else() {
    let item = item(Label::Amber).to("community water");
    let water = peer("water").viewer();
    let first = decide(&item.0, &water, at(NOW));
    for _ in 0..3 {
        assert_eq!(decide(&item.0.clone(), &water.clone(), at(NOW)), first);
    }
}
