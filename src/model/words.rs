//! The small closed vocabularies of an envelope: kind, attribution, PAP, severity and the like.
//!
//! Each has one spelling on the command line and in JSON. A word that is not in its vocabulary is no word.

/// Writes a closed vocabulary: the enum, its names, and the way back from a name.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant),+
        }

        impl $name {
            /// All words, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word as it is written on the command line and in JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text),+
                }
            }

            /// Reads a word, in any case.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|w| w.name().eq_ignore_ascii_case(text.trim()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

vocabulary! {
    /// What an item is to its readers (design.md part 3).
    Kind {
        /// Machine-readable observations.
        Indicators = "indicators",
        /// A report for people.
        Report = "report",
        /// A security advisory.
        Advisory = "advisory",
        /// Something to act on now.
        Alert = "alert",
        /// A request for information.
        Rfi = "rfi",
        /// An answer to one.
        Answer = "answer",
        /// Minutes of a meeting.
        Minutes = "minutes",
        /// An agenda.
        Agenda = "agenda",
        /// A decision of the community.
        Decision = "decision",
        /// A notice from the node.
        Notice = "notice",
        /// The notice that an item was withdrawn; never pushed, never in an envelope.
        Withdrawal = "withdrawal",
    }
}

vocabulary! {
    /// Who may learn which member submitted an item (design.md part 3).
    Attribution {
        /// Everyone who may see the item.
        Named = "named",
        /// Members of the origin community; the default.
        Community = "community",
        /// Nobody but the operator, after an audit record.
        Anonymous = "anonymous",
    }
}

vocabulary! {
    /// The Permissible Actions Protocol, from free to strict. `WHITE` of older taxonomies reads as `CLEAR`.
    Pap {
        /// No restriction on use.
        Clear = "CLEAR",
        /// Active steps are allowed.
        Green = "GREEN",
        /// Passive cross-checks through third parties are allowed.
        Amber = "AMBER",
        /// Undetectable, passive work only.
        Red = "RED",
    }
}

vocabulary! {
    /// How bad it is, as the source sees it.
    Severity {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Critical.
        Critical = "critical",
    }
}

vocabulary! {
    /// How soon a reader should look.
    Urgency {
        /// In the ordinary course of work.
        Routine = "routine",
        /// Today.
        Priority = "priority",
        /// Now.
        Immediate = "immediate",
    }
}

vocabulary! {
    /// Reliability of the source: first half of the Admiralty code. F means that it cannot be judged.
    Reliability {
        /// Completely reliable.
        A = "A",
        /// Usually reliable.
        B = "B",
        /// Fairly reliable.
        C = "C",
        /// Not usually reliable.
        D = "D",
        /// Unreliable.
        E = "E",
        /// Cannot be judged.
        F = "F",
    }
}

vocabulary! {
    /// Credibility of the information: second half of the Admiralty code. 6 means that it cannot be judged.
    Credibility {
        /// Confirmed by other sources.
        One = "1",
        /// Probably true.
        Two = "2",
        /// Possibly true.
        Three = "3",
        /// Doubtful.
        Four = "4",
        /// Improbable.
        Five = "5",
        /// Cannot be judged.
        Six = "6",
    }
}

vocabulary! {
    /// Why an item was withdrawn. Any other text stays at the origin and travels as `other`.
    WithdrawalReason {
        /// Pushed by mistake, or wrong.
        Error = "error",
        /// What it warns of is harmless.
        FalsePositive = "false-positive",
        /// It no longer holds.
        Outdated = "outdated",
        /// It went further than it should have.
        TooWide = "too-wide",
        /// Another reason, which stays at the origin.
        Other = "other",
    }
}
pub(crate) use vocabulary;
