//! What is signed is believed, and nothing else is.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, ItemId, KeyId, SpiffeId};
use crate::model::item::{Audience, Content, Envelope, Hop, LocalRecord, Said, Withdrawal};
use crate::model::label::Label;
use crate::model::signed::Signed;
use crate::model::words::WithdrawalReason;
use crate::wire;

const CONTENT: &[u8] = b"a document";

fn id(name: &str) -> CommunityId {
    CommunityId::parse(&format!("{name}.isac.example")).unwrap()
}

#[derive(Default)]
struct Trusted(BTreeMap<KeyId, VerifyingKey>);

impl Keyring for Trusted {
    fn verifying_key(&self, id: KeyId) -> Option<VerifyingKey> {
        self.0.get(&id).cloned()
    }
}

/// Four communities with a key each, all of which trust each other's keys.
struct World {
    keys: BTreeMap<CommunityId, SigningKey>,
    trusted: Trusted,
}

/// An item on its way.
#[derive(Clone)]
struct Delivery {
    signed: Signed,
    hops: Vec<Signed>,
    content: Vec<u8>,
    supplier: CommunityId,
    here: CommunityId,
}

impl World {
    fn new() -> Self {
        let keys: BTreeMap<_, _> = ["energy", "water", "msp", "health"]
            .map(id)
            .map(|c| (c.clone(), SigningKey::generate(c).0))
            .into();
        let trusted = keys
            .values()
            .map(|key| (key.key_id(), key.verifying_key()))
            .collect();
        Self {
            keys,
            trusted: Trusted(trusted),
        }
    }

    fn key(&self, name: &str) -> &SigningKey {
        &self.keys[&id(name)]
    }

    /// An item of the first community, forwarded from each to the next.
    fn delivery(&self, way: &[&str], change: impl Fn(&mut Envelope)) -> Delivery {
        let mut envelope = Envelope {
            label: Label::Green,
            audience: None,
            hop_limit: None,
            content: Content {
                media_type: "text/plain".to_owned(),
                size: 10,
                sha256: Digest::of(CONTENT),
            },
            ..wire::envelope::tests::full()
        };
        change(&mut envelope);
        let signed = self.key(way[0]).sign_envelope(&envelope);
        let mut hops = Vec::new();
        for pair in way.windows(2) {
            let hop = self.key(pair[0]).sign_hop(
                &envelope,
                &signed,
                &hops,
                &id(pair[1]),
                Timestamp::from_seconds(5),
            );
            hops.push(hop);
        }
        Delivery {
            signed,
            hops,
            content: CONTENT.to_vec(),
            supplier: id(way[way.len().saturating_sub(2)]),
            here: id(way[way.len() - 1]),
        }
    }

    fn verify(&self, d: &Delivery) -> Result<VerifiedItem, Fault> {
        verify_item(
            &d.signed,
            &d.hops,
            &d.content,
            &d.supplier,
            &d.here,
            &self.trusted,
        )
    }

    fn reason(&self, d: &Delivery) -> &'static str {
        match self.verify(d) {
            Ok(_) => "verified",
            Err(fault) => fault.reason(),
        }
    }
}

#[test]
fn an_item_verifies_at_each_place_on_its_way() {
    let world = World::new();
    for way in [
        ["energy", "water"].as_slice(),
        &["energy", "water", "msp"],
        &["energy", "water", "msp", "health"],
    ] {
        let delivery = world.delivery(way, |_| {});
        let item = world.verify(&delivery).expect("an honest delivery");
        let path: Vec<_> = way.iter().map(|name| id(name)).collect();
        assert_eq!(item.path(), path);
        assert_eq!(item.signed(), &delivery.signed);
        assert_eq!(item.hops(), delivery.hops);
        assert_eq!(item.envelope().origin, id("energy"));
        assert_eq!(item.tombstone(), wire::envelope::tombstone(item.envelope()));
        assert_eq!(path_of(&id("energy"), &delivery.hops), Ok(path));
    }
}

/// The bytes with one bit turned.
fn turned(bytes: &Bytes, bit: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes.into()
}

/// Every signed record with one bit turned: of what it says, of its signature, and of the hint at its key.
fn each_bit_turned(signed: &Signed) -> impl Iterator<Item = Signed> + '_ {
    let records = (0..signed.record.len() * 8).map(|bit| Signed {
        record: turned(&signed.record, bit),
        ..signed.clone()
    });
    let signatures = (0..signed.signature.len() * 8).map(|bit| Signed {
        signature: turned(&signed.signature, bit),
        ..signed.clone()
    });
    let keys = (0..256).map(|bit| {
        let turned = turned(&Bytes::copy_from_slice(&signed.key.0.0), bit);
        Signed {
            key: KeyId(Digest::from_slice(&turned).unwrap()),
            ..signed.clone()
        }
    });
    records.chain(signatures).chain(keys)
}

/// Threat 1, invariant 27.
#[test]
fn no_bit_of_envelope_hop_or_signature_can_be_turned() {
    let world = World::new();
    let good = world.delivery(&["energy", "water", "msp"], |_| {});
    assert_eq!(world.reason(&good), "verified");
    for signed in each_bit_turned(&good.signed) {
        let delivery = Delivery {
            signed,
            ..good.clone()
        };
        assert_ne!(world.reason(&delivery), "verified");
    }
    for number in 0..good.hops.len() {
        for hop in each_bit_turned(&good.hops[number]) {
            let mut delivery = good.clone();
            delivery.hops[number] = hop;
            assert_ne!(world.reason(&delivery), "verified");
        }
    }
    for bit in 0..good.content.len() * 8 {
        let mut delivery = good.clone();
        delivery.content[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(world.reason(&delivery), "content-differs");
    }
}

#[test]
fn a_signature_that_is_cut_or_longer_does_not_verify() {
    let world = World::new();
    let good = world.delivery(&["energy", "water"], |_| {});
    for signature in [
        Bytes::new(),
        good.signed.signature.slice(..63),
        [good.signed.signature.as_ref(), &[0]].concat().into(),
    ] {
        let mut delivery = good.clone();
        delivery.signed.signature = signature;
        assert_eq!(world.reason(&delivery), "bad-signature");
    }
}

#[test]
fn content_of_another_item_is_not_taken() {
    let world = World::new();
    let mut delivery = world.delivery(&["energy", "water"], |e| {
        e.content.sha256 = Digest::of(b"DOCUMENT A");
    });
    assert_eq!(world.reason(&delivery), "content-differs");
    delivery.content = b"DOCUMENT A".to_vec();
    assert_eq!(world.reason(&delivery), "verified");
    // The right beginning is not enough, nor is the right digest of another size.
    delivery.content.push(b' ');
    assert_eq!(world.reason(&delivery), "content-differs");
    let lying = world.delivery(&["energy", "water"], |e| e.content.size = 11);
    assert_eq!(world.reason(&lying), "content-differs");
}

/// Threat 24: a key speaks for its own community only.
#[test]
fn a_community_cannot_sign_for_another_one() {
    let world = World::new();
    let good = world.delivery(&["energy", "water"], |_| {});
    // The same bytes, signed by every other community's key.
    for name in ["water", "msp", "health"] {
        let mut forged = good.clone();
        forged.signed = world
            .key(name)
            .sign(Payload::Envelope, good.signed.record.clone());
        assert_eq!(world.reason(&forged), "foreign-key");
        // And said to be by the origin's key.
        forged.signed.key = good.signed.key;
        assert_eq!(world.reason(&forged), "bad-signature");

        let mut forged = good.clone();
        forged.hops[0] = world
            .key(name)
            .sign(Payload::Hop, good.hops[0].record.clone());
        assert_eq!(world.reason(&forged), "foreign-key");
    }
    // A key that nobody vouched for, even if it says the right community.
    let (stranger, _) = SigningKey::generate(id("energy"));
    let mut forged = good.clone();
    forged.signed = stranger.sign(Payload::Envelope, good.signed.record.clone());
    assert_eq!(world.reason(&forged), "unknown-key");
}

#[test]
fn a_record_is_valid_in_its_own_place_only() {
    let world = World::new();
    let good = world.delivery(&["energy", "water"], |_| {});
    for payload in Payload::ALL {
        let mut delivery = good.clone();
        delivery.signed = world
            .key("energy")
            .sign(payload, good.signed.record.clone());
        let expected = match payload {
            Payload::Envelope => "verified",
            _ => "bad-signature",
        };
        assert_eq!(world.reason(&delivery), expected, "{payload}");
    }
}

#[test]
fn what_no_honest_supplier_sends_is_refused() {
    let world = World::new();
    let reason =
        |way: &[&str], change: &dyn Fn(&mut Envelope)| world.reason(&world.delivery(way, change));
    let to = |names: &[&str]| {
        Some(Audience {
            communities: names.iter().map(|name| id(name)).collect(),
            members_limited: false,
        })
    };
    let direct = ["energy", "water"].as_slice();
    let onward = ["energy", "water", "msp"].as_slice();
    for label in [Label::AmberStrict, Label::Red] {
        for way in [direct, onward] {
            let sent = reason(way, &|e| {
                e.label = label;
                e.audience = to(&["water", "msp"]);
            });
            assert_eq!(sent, "label-never-leaves");
        }
    }
    let amber = |way, audience: Option<Audience>| {
        reason(way, &|e| {
            e.label = Label::Amber;
            e.audience = audience.clone();
        })
    };
    assert_eq!(amber(direct, to(&["water"])), "verified");
    assert_eq!(amber(direct, to(&["msp"])), "not-named");
    assert_eq!(amber(direct, to(&[])), "not-named");
    assert_eq!(amber(direct, None), "not-named");
    assert_eq!(amber(onward, to(&["water", "msp"])), "onward-amber");

    assert_eq!(reason(direct, &|e| e.audience = to(&["msp"])), "not-named");
    assert_eq!(reason(onward, &|e| e.audience = to(&["msp"])), "verified");
    assert_eq!(reason(direct, &|e| e.hop_limit = Some(0)), "hop-limit");
    assert_eq!(reason(direct, &|e| e.hop_limit = Some(1)), "verified");
    assert_eq!(reason(onward, &|e| e.hop_limit = Some(1)), "hop-limit");
    assert_eq!(reason(onward, &|e| e.hop_limit = Some(2)), "verified");
}

#[test]
fn our_own_item_does_not_come_back() {
    let world = World::new();
    let mut delivery = world.delivery(&["energy", "water"], |_| {});
    delivery.here = id("energy");
    assert_eq!(world.reason(&delivery), "own-origin");
    let round = world.delivery(&["energy", "water", "energy"], |_| {});
    assert_eq!(world.reason(&round), "own-origin");
}

#[test]
fn the_way_must_lead_from_the_origin_over_the_supplier_to_here() {
    let world = World::new();
    let good = world.delivery(&["energy", "water", "msp", "health"], |_| {});
    let with = |change: &dyn Fn(&mut Delivery)| {
        let mut delivery = good.clone();
        change(&mut delivery);
        world.reason(&delivery)
    };
    assert_eq!(with(&|_| {}), "verified");
    assert_eq!(with(&|d| d.hops.clear()), "no-hops");
    assert_eq!(with(&|d| drop(d.hops.remove(0))), "broken-path");
    assert_eq!(with(&|d| drop(d.hops.remove(1))), "broken-path");
    assert_eq!(with(&|d| drop(d.hops.pop())), "forwarded-elsewhere");
    assert_eq!(with(&|d| d.hops.swap(0, 1)), "broken-path");
    assert_eq!(with(&|d| d.hops.swap(1, 2)), "broken-path");
    assert_eq!(
        with(&|d| d.hops.insert(1, d.hops[0].clone())),
        "broken-path"
    );
    assert_eq!(with(&|d| d.supplier = id("water")), "forwarded-by-another");
    assert_eq!(with(&|d| d.here = id("msp")), "forwarded-elsewhere");
    // Far too many: refused by their number, before any is verified.
    let many = with(&|d| d.hops = vec![d.hops[0].clone(); 17]);
    assert_eq!(many, "too-many-hops");
}

#[test]
fn a_loop_is_refused_even_where_every_hop_is_signed() {
    let world = World::new();
    for way in [
        ["energy", "water", "energy", "msp"].as_slice(),
        &["energy", "water", "msp", "water", "health"],
        &["energy", "energy", "water"],
    ] {
        assert_eq!(world.reason(&world.delivery(way, |_| {})), "loop");
    }
}

/// A dishonest forwarder signs whatever it likes with its own key.
#[test]
fn a_hop_about_something_else_is_refused() {
    let world = World::new();
    let good = world.delivery(&["energy", "water", "msp"], |_| {});
    let said = hop(&good.hops[1]).unwrap();
    let with = |change: &dyn Fn(&mut Hop)| {
        let mut lie = said.clone();
        change(&mut lie);
        let mut delivery = good.clone();
        let record = wire::hop::encode(&lie);
        delivery.hops[1] = world.key("water").sign(Payload::Hop, record);
        world.reason(&delivery)
    };
    assert_eq!(with(&|_| {}), "verified");
    assert_eq!(
        with(&|h| h.item = ItemId::new(9, [9; 10])),
        "hop-of-another-item"
    );
    assert_eq!(with(&|h| h.revision += 1), "hop-of-another-item");
    assert_eq!(
        with(&|h| h.envelope_sha256 = Digest([0; 32])),
        "hop-of-another-item"
    );
    assert_eq!(with(&|h| h.previous = None), "broken-path");
    assert_eq!(with(&|h| h.previous = Some(Digest([0; 32]))), "broken-path");
    assert_eq!(with(&|h| h.from = id("energy")), "foreign-key");
    assert_eq!(with(&|h| h.to = id("health")), "forwarded-elsewhere");
    assert_eq!(with(&|h| h.to = id("energy")), "loop");
}

/// A community that the item never reached signs as if it had passed it on.
#[test]
fn a_hop_begins_where_the_one_before_ended() {
    let world = World::new();
    let good = world.delivery(&["energy", "water", "msp"], |_| {});
    let as_health = |number: usize| {
        let mut lie = hop(&good.hops[number]).unwrap();
        lie.from = id("health");
        let mut delivery = good.clone();
        delivery.hops.truncate(number);
        let record = wire::hop::encode(&lie);
        delivery
            .hops
            .push(world.key("health").sign(Payload::Hop, record));
        delivery.here = lie.to;
        delivery.supplier = id("health");
        world.reason(&delivery)
    };
    assert_eq!(as_health(0), "broken-path", "the origin did not send it");
    assert_eq!(as_health(1), "broken-path", "water did not send it");
}

/// Threat 1: the hops of one item do not carry another, even of the same origin and revision.
#[test]
fn hops_do_not_carry_another_item() {
    let world = World::new();
    let way = ["energy", "water", "msp"];
    let one = world.delivery(&way, |_| {});
    let other = world.delivery(&way, |e| e.title.push('!'));
    let mixed = Delivery {
        hops: other.hops,
        ..one
    };
    assert_eq!(world.reason(&mixed), "hop-of-another-item");
}

#[test]
fn an_oversized_record_is_refused_before_its_signature_is_looked_at() {
    let world = World::new();
    let mut delivery = world.delivery(&["energy", "water"], |_| {});
    delivery.signed.record = Bytes::from(vec![0; Envelope::BYTES_MAX + 1]);
    assert_eq!(world.reason(&delivery), "malformed");
}

#[test]
fn a_signed_envelope_that_is_not_understood_is_nobodys_guess() {
    let world = World::new();
    let mut delivery = world.delivery(&["energy", "water"], |_| {});
    let later = [delivery.signed.record.as_ref(), &[0xc8, 0x01, 0x01]].concat();
    delivery.signed = world.key("energy").sign(Payload::Envelope, later.into());
    let fault = world.verify(&delivery).expect_err("an unknown field");
    assert_eq!(fault.reason(), "malformed");
    assert_eq!(fault.blame(), Blame::PeerIncompatible);
}

#[test]
fn a_reader_verifies_what_its_node_holds() {
    let world = World::new();
    let own = world.delivery(&["energy"], |e| e.label = Label::Red);
    let held = verify_held(&own.signed, &[], &id("energy"), &world.trusted);
    assert_eq!(held.map(|(_, path)| path), Ok(vec![id("energy")]));

    let foreign = world.delivery(&["energy", "water"], |_| {});
    let at = |here: &str, hops: &[Signed]| {
        verify_held(&foreign.signed, hops, &id(here), &world.trusted)
            .map(|(_, path)| path)
            .map_err(|fault| fault.reason())
    };
    let way = vec![id("energy"), id("water")];
    assert_eq!(at("water", &foreign.hops), Ok(way));
    assert_eq!(at("water", &[]), Err("no-hops"));
    assert_eq!(at("energy", &foreign.hops), Err("own-origin"));
    // RED of another community is not even believed when one's own node shows it.
    let leaked = world.delivery(&["energy", "water"], |e| e.label = Label::Red);
    let held = verify_held(&leaked.signed, &leaked.hops, &id("water"), &world.trusted);
    assert_eq!(
        held.map(|_| ()).map_err(|f| f.reason()),
        Err("label-never-leaves")
    );
}

#[test]
fn a_local_record_belongs_to_one_envelope() {
    let world = World::new();
    let envelope = world.delivery(&["energy"], |_| {}).signed;
    let said = verify_envelope(&envelope, &world.trusted).unwrap();
    let local = LocalRecord {
        item: said.item,
        revision: said.revision,
        envelope_sha256: Digest::of(&envelope.record),
        submitter: SpiffeId::parse("spiffe://energy.isac.example/member/acme/person/meryem")
            .unwrap(),
        members: Vec::new(),
        persons: Vec::new(),
        relation: None,
        resolved: Vec::new(),
        mentions_accepted: false,
        declared: None,
        pushed: Timestamp::from_seconds(1),
        waits: false,
        said: Said::default(),
    };
    let with = |signer: &str, change: &dyn Fn(&mut LocalRecord)| {
        let mut local = local.clone();
        change(&mut local);
        let signed = world.key(signer).sign_local_record(&local);
        verify_local_record(&signed, &envelope, &world.trusted)
            .map(|_| ())
            .map_err(|fault| fault.reason())
    };
    assert_eq!(with("energy", &|_| {}), Ok(()));
    assert_eq!(with("water", &|_| {}), Err("foreign-key"));
    assert_eq!(with("energy", &|l| l.revision += 1), Err("records-differ"));
    assert_eq!(
        with("energy", &|l| l.item = ItemId::new(9, [9; 10])),
        Err("records-differ")
    );
    assert_eq!(
        with("energy", &|l| l.envelope_sha256 = Digest([0; 32])),
        Err("records-differ")
    );
    // Another community's record about our envelope.
    let theirs = |l: &mut LocalRecord| l.submitter.community = id("water");
    assert_eq!(with("water", &theirs), Err("records-differ"));
    // An envelope is no local record.
    let swapped = verify_local_record(&envelope, &envelope, &world.trusted);
    assert_eq!(swapped.map_err(|f| f.reason()), Err("bad-signature"));
}

#[test]
fn a_withdrawal_is_its_origins_word() {
    let world = World::new();
    let withdrawal = Withdrawal {
        id: ItemId::new(2, [2; 10]),
        item: ItemId::new(1, [1; 10]),
        origin: id("energy"),
        reason: WithdrawalReason::TooWide,
        time: Timestamp::from_seconds(3600),
    };
    let by = |name: &str| {
        let signed = world.key(name).sign_withdrawal(&withdrawal);
        verify_withdrawal(&signed, &world.trusted).map_err(|fault| fault.reason())
    };
    assert_eq!(by("energy"), Ok(withdrawal.clone()));
    assert_eq!(by("water"), Err("foreign-key"));
    let good = world.key("energy").sign_withdrawal(&withdrawal);
    for turned in each_bit_turned(&good) {
        assert!(verify_withdrawal(&turned, &world.trusted).is_err());
    }
}

#[test]
fn terms_are_signed_as_terms_by_the_side_that_is_asked() {
    let world = World::new();
    let terms = Bytes::from_static(b"the serialized terms");
    let signed = world.key("energy").sign(Payload::Agreement, terms.clone());
    let by = |name: &str, signature: &[u8]| {
        verify_terms(&terms, signature, &world.key(name).verifying_key())
            .map_err(|fault| fault.reason())
    };
    assert_eq!(by("energy", &signed.signature), Ok(()));
    assert_eq!(by("water", &signed.signature), Err("bad-signature"));
    let as_envelope = world.key("energy").sign(Payload::Envelope, terms.clone());
    assert_eq!(by("energy", &as_envelope.signature), Err("bad-signature"));

    let long = Bytes::from(vec![b'x'; wire::agreement::BYTES_MAX + 1]);
    let signed = world.key("energy").sign(Payload::Agreement, long.clone());
    let key = world.key("energy").verifying_key();
    let fault = verify_terms(&long, &signed.signature, &key).expect_err("too long");
    assert_eq!(fault.reason(), "malformed");
}

#[test]
fn a_key_reads_back_and_keeps_its_secret() {
    let (key, der) = SigningKey::generate(id("energy"));
    let read = SigningKey::from_pkcs8(id("energy"), &der).unwrap();
    assert_eq!(read.key_id(), key.key_id());
    assert_eq!(read.key_id(), KeyId(Digest::of(&key.public_key_der())));
    assert_eq!(read.key_id(), key_id_of(&key.verifying_key().public));
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey({} of energy.isac.example)", key.key_id())
    );
    for wrong in [b"".as_slice(), b"not a key", &der[..der.len() - 1]] {
        assert!(SigningKey::from_pkcs8(id("energy"), wrong).is_err());
    }
}

/// What a dishonest supplier may do with the hops that it has seen.
#[derive(Clone, Debug)]
enum Edit {
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    TakeFromOther(prop::sample::Index, prop::sample::Index),
    AppendFromOther(prop::sample::Index),
}

fn edits() -> impl Strategy<Value = Edit> {
    use prop::sample::Index;
    prop_oneof![
        any::<Index>().prop_map(Edit::Drop),
        any::<Index>().prop_map(Edit::Repeat),
        any::<(Index, Index)>().prop_map(|(a, b)| Edit::Swap(a, b)),
        any::<(Index, Index)>().prop_map(|(a, b)| Edit::TakeFromOther(a, b)),
        any::<Index>().prop_map(Edit::AppendFromOther),
    ]
}

fn edit(hops: &mut Vec<Signed>, other: &[Signed], edit: Edit) {
    let at = |index: prop::sample::Index, hops: &[Signed]| index.index(hops.len().max(1));
    match edit {
        Edit::AppendFromOther(from) => hops.push(from.get(other).clone()),
        _ if hops.is_empty() => {}
        Edit::Drop(i) => drop(hops.remove(at(i, hops))),
        Edit::Repeat(i) => {
            let i = at(i, hops);
            hops.insert(i, hops[i].clone());
        }
        Edit::Swap(i, j) => {
            let (i, j) = (at(i, hops), at(j, hops));
            hops.swap(i, j);
        }
        Edit::TakeFromOther(i, from) => {
            let i = at(i, hops);
            hops[i] = from.get(other).clone();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Invariant 27: of all the ways that can be put together from signed hops, only the true one verifies.
    #[test]
    fn hops_can_only_be_used_as_they_were_signed(
        edits in proptest::collection::vec(edits(), 1..6),
        other_way in prop::sample::select(vec![
            vec!["energy", "msp", "water", "health"],
            vec!["energy", "water", "msp"],
            vec!["energy", "health", "msp", "water"],
        ]),
    ) {
        let world = World::new();
        let good = world.delivery(&["energy", "water", "msp", "health"], |_| {});
        // The same envelope, which is signed to the same bytes, over another way.
        let other = world.delivery(&other_way, |_| {}).hops;
        let mut delivery = good.clone();
        for change in edits {
            edit(&mut delivery.hops, &other, change);
        }
        let changed = delivery.hops != good.hops;
        prop_assert_eq!(world.reason(&delivery) != "verified", changed);
    }
}
