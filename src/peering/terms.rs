//! What one side proposes, how the other may narrow it, and whether terms that arrive are the proposal or narrower. Pure.

use crate::clock::Timestamp;
use crate::model::agreement::{Side, Terms, Wishes};
use crate::model::ids::{CommunityId, ItemId};
use crate::model::label::Label;

/// Terms that are wider than the proposal, or make no sense; a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAgreeable(pub(crate) String);

/// What `inviter` proposes to `accepter`. What it did not say is GREEN both ways, no onward sharing, everything, at once,
/// without end; the accepter's side mirrors the inviter's.
pub(crate) fn proposal(
    agreement: ItemId,
    inviter: &CommunityId,
    accepter: &CommunityId,
    wishes: &Wishes,
) -> Result<Terms, NotAgreeable> {
    let out_ceiling = wishes.out_ceiling.unwrap_or(CEILING_DEFAULT);
    let in_ceiling = wishes.in_ceiling.unwrap_or(CEILING_DEFAULT);
    let onward = wishes.onward.unwrap_or(false);
    let terms = Terms {
        agreement,
        version: 1,
        inviter: Side {
            community: inviter.clone(),
            out_ceiling,
            in_ceiling,
            onward,
            commercial: wishes.commercial,
        },
        accepter: Side {
            community: accepter.clone(),
            out_ceiling: in_ceiling,
            in_ceiling: out_ceiling,
            onward,
            commercial: false,
        },
        kinds: ordered(&wishes.kinds),
        sectors: ordered(&wishes.sectors),
        from: wishes.from,
        until: wishes.until,
    };
    dates_make_sense(&terms)?;
    Ok(terms)
}

/// The proposal with what the accepter wants narrower. Refuses a wish that is wider.
pub(crate) fn narrow(proposal: &Terms, wishes: &Wishes) -> Result<Terms, NotAgreeable> {
    let offered = &proposal.accepter;
    let onward = match wishes.onward {
        Some(true) if !offered.onward => {
            return Err(NotAgreeable(
                "the proposal has no onward sharing, and an accepter can only narrow it; leave --onward out, or ask for an invite with it".to_owned(),
            ));
        }
        Some(wanted) => wanted,
        None => offered.onward,
    };
    let terms = Terms {
        accepter: Side {
            community: offered.community.clone(),
            out_ceiling: lower("--out-ceiling", wishes.out_ceiling, offered.out_ceiling)?,
            in_ceiling: lower("--in-ceiling", wishes.in_ceiling, offered.in_ceiling)?,
            onward,
            commercial: offered.commercial || wishes.commercial,
        },
        kinds: fewer("--kinds", &wishes.kinds, &proposal.kinds)?,
        sectors: fewer("--sectors", &wishes.sectors, &proposal.sectors)?,
        from: match (wishes.from, proposal.from) {
            (Some(wanted), Some(offered)) if wanted < offered => {
                return Err(wider("--from", wanted, offered));
            }
            (wanted, offered) => wanted.or(offered),
        },
        until: match (wishes.until, proposal.until) {
            (Some(wanted), Some(offered)) if wanted > offered => {
                return Err(wider("--until", wanted, offered));
            }
            (wanted, offered) => wanted.or(offered),
        },
        ..proposal.clone()
    };
    dates_make_sense(&terms)?;
    Ok(terms)
}

/// Whether `terms`, as the accepter sent them, are the proposal or narrower in every respect.
pub(crate) fn within(terms: &Terms, proposal: &Terms) -> Result<(), NotAgreeable> {
    let Terms {
        agreement,
        version,
        inviter,
        accepter,
        kinds,
        sectors,
        from,
        until,
    } = terms;
    let offered = &proposal.accepter;
    let subset = |what: &'static str, ok: bool| {
        if ok {
            Ok(())
        } else {
            Err(NotAgreeable(format!(
                "the {what} are not those of the proposal or narrower"
            )))
        }
    };
    subset(
        "ids",
        *agreement == proposal.agreement && *version == proposal.version,
    )?;
    subset("inviter's conditions", *inviter == proposal.inviter)?;
    subset("communities", accepter.community == offered.community)?;
    subset(
        "ceilings",
        accepter.out_ceiling <= offered.out_ceiling && accepter.in_ceiling <= offered.in_ceiling,
    )?;
    subset("onward conditions", offered.onward || !accepter.onward)?;
    subset("declarations", accepter.commercial || !offered.commercial)?;
    subset("kinds", is_fewer(kinds, &proposal.kinds))?;
    subset("sectors", is_fewer(sectors, &proposal.sectors))?;
    subset(
        "dates",
        proposal
            .from
            .is_none_or(|offered| from.is_some_and(|from| from >= offered))
            && proposal
                .until
                .is_none_or(|offered| until.is_some_and(|until| until <= offered)),
    )?;
    dates_make_sense(terms)
}

/// What a community shares with a neighbour unless it says otherwise.
const CEILING_DEFAULT: Label = Label::Green;

fn lower(flag: &str, wanted: Option<Label>, offered: Label) -> Result<Label, NotAgreeable> {
    match wanted {
        Some(wanted) if wanted > offered => Err(wider(flag, wanted, offered)),
        Some(wanted) => Ok(wanted),
        None => Ok(offered),
    }
}

fn fewer<T: Ord + Clone + std::fmt::Display>(
    flag: &str,
    wanted: &[T],
    offered: &[T],
) -> Result<Vec<T>, NotAgreeable> {
    if wanted.is_empty() {
        return Ok(offered.to_vec());
    }
    match wanted
        .iter()
        .find(|word| !offered.is_empty() && !offered.contains(word))
    {
        Some(word) => Err(NotAgreeable(format!(
            "{flag} {word} is not in the proposal, and an accepter can only narrow it; the proposal lists {}",
            offered
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ))),
        None => Ok(ordered(wanted)),
    }
}

/// No list means everything, so that no list is wider than every list.
fn is_fewer<T: PartialEq>(given: &[T], offered: &[T]) -> bool {
    offered.is_empty() || (!given.is_empty() && given.iter().all(|word| offered.contains(word)))
}

fn wider(
    flag: &str,
    wanted: impl std::fmt::Display,
    offered: impl std::fmt::Display,
) -> NotAgreeable {
    NotAgreeable(format!(
        "{flag} {wanted} is wider than the proposal's {offered}, and an accepter can only narrow it"
    ))
}

fn dates_make_sense(terms: &Terms) -> Result<(), NotAgreeable> {
    match (terms.from, terms.until) {
        (Some(from), Some(until)) if until <= from => Err(NotAgreeable(format!(
            "the agreement would end ({until}) before it begins ({from})"
        ))),
        _ => Ok(()),
    }
}

/// Refuses terms whose end has come.
pub(crate) fn not_over(terms: &Terms, now: Timestamp) -> Result<(), NotAgreeable> {
    match terms.until {
        Some(until) if until <= now => Err(NotAgreeable(format!("the agreement ended at {until}"))),
        Some(_) | None => Ok(()),
    }
}

/// Each once, in one order, so that equal wishes make equal bytes.
fn ordered<T: Ord + Clone>(words: &[T]) -> Vec<T> {
    let mut words = words.to_vec();
    words.sort();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::words::Kind;

    fn energy() -> CommunityId {
        CommunityId::parse("energy.isac.example").expect("a valid id")
    }

    fn water() -> CommunityId {
        CommunityId::parse("water.isac.example").expect("a valid id")
    }

    fn day(n: i64) -> Option<Timestamp> {
        Some(Timestamp::from_seconds(n * 86_400))
    }

    fn proposed(wishes: &Wishes) -> Terms {
        proposal(ItemId::new(1, [1; 10]), &energy(), &water(), wishes).expect("a fair proposal")
    }

    /// A proposal with everything in it that can be narrowed.
    fn full() -> Terms {
        proposed(&Wishes {
            out_ceiling: Some(Label::Amber),
            in_ceiling: Some(Label::Green),
            onward: Some(true),
            kinds: vec![Kind::Report, Kind::Indicators],
            sectors: vec!["water".into(), "energy".into()],
            commercial: false,
            from: day(10),
            until: day(20),
        })
    }

    #[test]
    fn a_proposal_without_flags_is_green_both_ways_and_not_onward() {
        let terms = proposed(&Wishes::default());
        for side in [&terms.inviter, &terms.accepter] {
            assert_eq!(
                (side.out_ceiling, side.in_ceiling),
                (Label::Green, Label::Green)
            );
            assert!(!side.onward && !side.commercial);
        }
        assert!(terms.kinds.is_empty() && terms.sectors.is_empty());
    }

    #[test]
    fn the_accepters_side_mirrors_the_inviters() {
        let terms = full();
        assert_eq!(terms.inviter.out_ceiling, terms.accepter.in_ceiling);
        assert_eq!(terms.inviter.in_ceiling, terms.accepter.out_ceiling);
        assert!(terms.accepter.onward, "onward of a proposal holds for both");
    }

    #[test]
    fn accepting_without_flags_takes_the_proposal_as_it_is() {
        assert_eq!(narrow(&full(), &Wishes::default()), Ok(full()));
        assert_eq!(within(&full(), &full()), Ok(()));
    }

    #[test]
    fn every_narrower_wish_is_taken_and_is_within_the_proposal() {
        let narrower: Vec<Wishes> = vec![
            Wishes {
                out_ceiling: Some(Label::Clear),
                ..Wishes::default()
            },
            Wishes {
                in_ceiling: Some(Label::Green),
                ..Wishes::default()
            },
            Wishes {
                in_ceiling: Some(Label::Clear),
                ..Wishes::default()
            },
            Wishes {
                onward: Some(false),
                ..Wishes::default()
            },
            Wishes {
                onward: Some(true),
                ..Wishes::default()
            },
            Wishes {
                kinds: vec![Kind::Report],
                ..Wishes::default()
            },
            Wishes {
                sectors: vec!["water".into()],
                ..Wishes::default()
            },
            Wishes {
                commercial: true,
                ..Wishes::default()
            },
            Wishes {
                from: day(11),
                ..Wishes::default()
            },
            Wishes {
                until: day(19),
                ..Wishes::default()
            },
        ];
        for wishes in narrower {
            let terms = narrow(&full(), &wishes).expect("narrower is accepted");
            assert_eq!(within(&terms, &full()), Ok(()), "{wishes:?}");
            assert_eq!(
                terms.inviter,
                full().inviter,
                "the inviter's side is its own"
            );
        }
    }

    #[test]
    fn every_wider_wish_is_refused_with_its_flag() {
        let wider: Vec<(Wishes, &str)> = vec![
            (
                Wishes {
                    out_ceiling: Some(Label::Amber),
                    ..Wishes::default()
                },
                "--out-ceiling",
            ),
            (
                Wishes {
                    in_ceiling: Some(Label::Red),
                    ..Wishes::default()
                },
                "--in-ceiling",
            ),
            (
                Wishes {
                    kinds: vec![Kind::Report, Kind::Alert],
                    ..Wishes::default()
                },
                "--kinds",
            ),
            (
                Wishes {
                    sectors: vec!["finance".into()],
                    ..Wishes::default()
                },
                "--sectors",
            ),
            (
                Wishes {
                    from: day(9),
                    ..Wishes::default()
                },
                "--from",
            ),
            (
                Wishes {
                    until: day(21),
                    ..Wishes::default()
                },
                "--until",
            ),
        ];
        for (wishes, flag) in wider {
            let refused = narrow(&full(), &wishes).expect_err("wider is refused");
            assert!(refused.0.contains(flag), "{refused}");
        }
        let refused = narrow(
            &proposed(&Wishes::default()),
            &Wishes {
                onward: Some(true),
                ..Wishes::default()
            },
        );
        assert!(
            refused
                .expect_err("wider is refused")
                .0
                .contains("--onward")
        );
    }

    #[test]
    fn terms_that_are_wider_in_any_respect_are_told_by_the_inviter_too() {
        let change = |change: &dyn Fn(&mut Terms)| {
            let mut terms = full();
            change(&mut terms);
            within(&terms, &full())
        };
        assert!(change(&|t| t.accepter.out_ceiling = Label::Amber).is_err());
        assert!(change(&|t| t.accepter.in_ceiling = Label::Red).is_err());
        assert!(change(&|t| t.inviter.out_ceiling = Label::Clear).is_err());
        assert!(change(&|t| t.inviter.commercial = true).is_err());
        assert!(change(&|t| t.kinds.clear()).is_err());
        assert!(change(&|t| t.kinds.push(Kind::Alert)).is_err());
        assert!(change(&|t| t.sectors.clear()).is_err());
        assert!(change(&|t| t.from = None).is_err());
        assert!(change(&|t| t.until = None).is_err());
        assert!(change(&|t| t.until = day(21)).is_err());
        assert!(change(&|t| t.version = 2).is_err());
        assert!(change(&|t| t.agreement = ItemId::new(2, [2; 10])).is_err());
        assert!(change(&|t| t.accepter.community = energy()).is_err());
        assert!(change(&|t| t.accepter.onward = false).is_ok());
        let plain = proposed(&Wishes::default());
        let mut onward = plain.clone();
        onward.accepter.onward = true;
        assert!(within(&onward, &plain).is_err());
    }

    #[test]
    fn an_agreement_ends_after_it_begins() {
        let wishes = Wishes {
            from: day(5),
            until: day(5),
            ..Wishes::default()
        };
        assert!(proposal(ItemId::new(1, [1; 10]), &energy(), &water(), &wishes).is_err());
        assert!(
            narrow(
                &proposed(&Wishes {
                    until: day(5),
                    ..Wishes::default()
                }),
                &Wishes {
                    from: day(6),
                    ..Wishes::default()
                }
            )
            .is_err()
        );
    }
}
