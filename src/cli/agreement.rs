//! The flags of an agreement, seen from who types them.

use super::values::{label, time, word};
use crate::clock::Timestamp;
use crate::model::agreement::Wishes;
use crate::model::label::Label;
use crate::model::words::Kind;
use crate::wire::{agreement, pb};

/// What one side wants of an agreement.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Agreement, seen from here")]
pub(super) struct AgreementFlags {
    /// The strictest label that we send [default: GREEN]
    #[arg(long, value_name = "L", value_parser = label)]
    out_ceiling: Option<Label>,
    /// The strictest label that we take [default: GREEN]
    #[arg(long, value_name = "L", value_parser = label)]
    in_ceiling: Option<Label>,
    /// They may pass on what comes from us
    #[arg(long, overrides_with = "no_onward")]
    onward: bool,
    /// They may not pass it on
    #[arg(long, overrides_with = "onward")]
    no_onward: bool,
    /// Only these kinds, both ways [default: all]
    #[arg(long, value_name = "a,b", value_delimiter = ',', ignore_case = true,
          value_parser = word(Kind::ALL, Kind::name, Kind::parse))]
    kinds: Vec<Kind>,
    /// Only these sectors, both ways [default: all]
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    sectors: Vec<String>,
    /// We serve a commercial purpose
    #[arg(long)]
    commercial: bool,
    /// From when it holds [default: when both have signed]
    #[arg(long, value_name = "DATE", value_parser = time)]
    from: Option<Timestamp>,
    /// Until when it holds [default: until one side ends it]
    #[arg(long, value_name = "DATE", value_parser = time)]
    until: Option<Timestamp>,
}

impl AgreementFlags {
    /// The message; what was not said is left out.
    pub(super) fn into_wishes(self) -> pb::AgreementWishes {
        agreement::wishes_to_pb(&Wishes {
            out_ceiling: self.out_ceiling,
            in_ceiling: self.in_ceiling,
            onward: match (self.onward, self.no_onward) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            kinds: self.kinds,
            sectors: self.sectors,
            commercial: self.commercial,
            from: self.from,
            until: self.until,
        })
    }
}
