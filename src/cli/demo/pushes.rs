//! Every push of the play, with what a person reads from each document: label, kind, limits.

use super::scenario::Shade::{self, Amber, Clear, Green, Red, Strict};

/// A push of the play.
#[derive(Clone, Copy, Debug)]
pub(super) struct Push {
    /// `community/member/credential`, by short names.
    pub(super) by: &'static str,
    pub(super) file: &'static str,
    pub(super) bytes: &'static [u8],
    /// The label that the item must come to have.
    pub(super) label: Shade,
    /// The label that is declared.
    pub(super) declared: Option<Shade>,
    /// The kind that the item must come to have.
    pub(super) kind: &'static str,
    /// The kind that is asked for.
    pub(super) asked_kind: Option<&'static str>,
    pub(super) to: &'static [&'static str],
    pub(super) hops: Option<u32>,
    /// The document itself limits its hops.
    pub(super) own_hops: Option<u32>,
    pub(super) sectors: &'static [&'static str],
    pub(super) no_commercial_use: bool,
    pub(super) named: bool,
    pub(super) ends: Ending,
    /// Label and kind of the parts that go further than the label says.
    pub(super) lower: &'static [(Shade, &'static str)],
}

/// How a push ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It is shared.
    Shared,
    /// It is shared, and withdrawn afterwards.
    Withdrawn,
    /// It is refused with this reason.
    Refused(&'static str),
}

macro_rules! push {
    ($by:literal, $file:literal, $label:expr, $kind:literal) => {
        Push {
            by: $by,
            file: $file,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/", $file)),
            label: $label,
            declared: None,
            kind: $kind,
            asked_kind: None,
            to: &[],
            hops: None,
            own_hops: None,
            sectors: &[],
            no_commercial_use: false,
            named: false,
            ends: Ending::Shared,
            lower: &[],
        }
    };
}

impl Push {
    /// The document has no marking, or a lower one: its submitter declares the label.
    const fn declared(mut self) -> Self {
        self.declared = Some(self.label);
        self
    }
    const fn to(mut self, to: &'static [&'static str]) -> Self {
        self.to = to;
        self
    }
    const fn asked(mut self, kind: &'static str) -> Self {
        self.asked_kind = Some(kind);
        self.kind = kind;
        self
    }
    const fn hops(mut self, hops: u32) -> Self {
        self.hops = Some(hops);
        self
    }
    const fn own_hops(mut self, hops: u32) -> Self {
        self.own_hops = Some(hops);
        self
    }
    const fn sectors(mut self, sectors: &'static [&'static str]) -> Self {
        self.sectors = sectors;
        self
    }
    const fn no_commercial_use(mut self) -> Self {
        self.no_commercial_use = true;
        self
    }
    const fn named(mut self) -> Self {
        self.named = true;
        self
    }
    /// Parts of the document go further.
    const fn lower(mut self, lower: &'static [(Shade, &'static str)]) -> Self {
        self.lower = lower;
        self
    }
    const fn withdrawn(mut self) -> Self {
        self.ends = Ending::Withdrawn;
        self
    }
    const fn refused(mut self, reason: &'static str) -> Self {
        self.ends = Ending::Refused(reason);
        self
    }
}

/// Every item that the play comes to: a document, or each of its parts, the strictest last. Items are numbered by their
/// place here.
pub(super) fn items() -> Vec<Push> {
    PUSHES
        .iter()
        .flat_map(|push| {
            let lower = push.lower.iter().map(|(label, kind)| Push {
                label: *label,
                kind,
                lower: &[],
                ..*push
            });
            lower.chain([*push])
        })
        .collect()
}

/// Every push, in order.
pub(super) const PUSHES: &[Push] = &[
    // Advisories that the world may read go everywhere, over two hops.
    push!(
        "energy/gridco/siem",
        "csaf/cisa__icsa-17-068-01.json",
        Clear,
        "advisory"
    ),
    push!(
        "energy/gridco/siem",
        "csaf/cisa__icsa-20-051-04.json",
        Clear,
        "advisory"
    ),
    push!(
        "energy/gridco/siem",
        "csaf/cisa__icsa-21-194-13.json",
        Clear,
        "advisory"
    ),
    push!(
        "energy/windpark/siem",
        "csaf/cisa__icsa-22-167-14.json.gz",
        Clear,
        "advisory"
    ),
    push!(
        "energy/windpark/siem",
        "csaf/cisa__icsa-22-242-02.json",
        Clear,
        "advisory"
    ),
    push!(
        "energy/gridco/siem",
        "csaf/cisa__icsa-23-047-09.json",
        Clear,
        "advisory"
    )
    .hops(1),
    push!(
        "water/aquapure/siem",
        "csaf/cisa__icsa-24-074-07.json.gz",
        Clear,
        "advisory"
    ),
    push!(
        "water/aquapure/siem",
        "csaf/cisa__va-24-254-01.json",
        Clear,
        "advisory"
    ),
    push!(
        "water/dijkwater/siem",
        "csaf/gocsaf__avendor-advisory-0004.json",
        Clear,
        "advisory"
    )
    .sectors(&["finance"]),
    push!(
        "msp/cloudhost/siem",
        "csaf/oasis-tcs__bsi-2022-0001.json",
        Clear,
        "advisory"
    ),
    push!(
        "msp/cloudhost/siem",
        "csaf/oasis-tcs__sec-vex-2022-0001.json",
        Clear,
        "advisory"
    ),
    push!(
        "msp/helpdesk/siem",
        "csaf/trustify__CVE-2024-34500.json",
        Clear,
        "advisory"
    ),
    // CSAF 2.1, at all five labels.
    push!(
        "water/dijkwater/siem",
        "csaf-2.1/oasis-tcs__oasis_csaf_tc-csaf_2_1-2024-6-2-26-03.json",
        Clear,
        "advisory"
    ),
    push!(
        "energy/windpark/siem",
        "csaf-2.1/oasis-tcs__oasis_csaf_tc-csaf_2_1-2024-6-2-33-12.json",
        Green,
        "advisory"
    ),
    push!(
        "energy/gridco/siem",
        "csaf-2.1/oasis-tcs__oasis_csaf_tc-csaf_2_1-2024-6-1-38-12.json",
        Strict,
        "advisory"
    ),
    push!(
        "energy/gridco/meryem",
        "csaf-2.1/oasis-tcs__oasis_csaf_tc-csaf_2_1-2024-6-1-38-11.json",
        Red,
        "advisory"
    )
    .to(&["windpark"]),
    push!(
        "energy/windpark/siem",
        "csaf/own__energy-2026-0009-amber.json",
        Amber,
        "advisory"
    )
    .to(&["water.isac.example"]),
    push!(
        "water/dijkwater/siem",
        "csaf-2.1/own__water-2026-0002-green.json",
        Green,
        "advisory"
    ),
    // STIX 2.1: bundles as tools export them.
    push!(
        "energy/gridco/siem",
        "stix/elevator__campaign-v-actors-extensions.json",
        Green,
        "report"
    ),
    push!(
        "energy/gridco/siem",
        "stix/elevator__issue-271-extensions.json",
        Green,
        "report"
    ),
    push!(
        "energy/windpark/siem",
        "stix/elevator__ais-marking-g-e-t-ignore.json",
        Green,
        "indicators"
    )
    .no_commercial_use(),
    push!(
        "energy/gridco/siem",
        "stix/elevator__ais-marking-a-e-f-ignore.json",
        Amber,
        "indicators"
    ),
    push!(
        "energy/gridco/siem",
        "stix/oasis-open__tlp-amber.json",
        Amber,
        "indicators"
    )
    .to(&["water.isac.example"])
    .named(),
    push!(
        "water/dijkwater/siem",
        "stix/oasis-open__using-marking-definitions.json",
        Amber,
        "indicators"
    )
    .to(&["energy.isac.example"]),
    push!(
        "water/aquapure/siem",
        "stix/oasis-open__iep-bundle-data-marking-example.json",
        Amber,
        "indicators"
    ),
    push!(
        "energy/gridco/meryem",
        "stix/oasis-open__using-granular-markings.json",
        Red,
        "indicators"
    )
    .to(&["windpark", "gridco"]),
    push!(
        "energy/windpark/siem",
        "stix/mvt-project__darksword.stix2.json",
        Green,
        "indicators"
    )
    .declared(),
    push!(
        "energy/gridco/siem",
        "stix/oasis-open__infrastructure.json",
        Green,
        "indicators"
    )
    .declared()
    .hops(0),
    push!(
        "water/aquapure/siem",
        "stix/oasis-open__sighting-of-an-indicator.json",
        Green,
        "indicators"
    )
    .declared(),
    push!(
        "msp/cloudhost/siem",
        "stix/rx4747__reference-bundle.json",
        Green,
        "indicators"
    )
    .declared(),
    push!(
        "msp/helpdesk/siem",
        "stix/OpenCTI-Platform__indicator_stix.json",
        Clear,
        "indicators"
    ),
    push!(
        "energy/gridco/siem",
        "stix/attack-flow-repo__attack-flow-example.json",
        Strict,
        "indicators"
    )
    .declared(),
    push!(
        "energy/windpark/siem",
        "stix-from-misp/MISP-PyMISP__57c4445b-c548-4654-af0b-4be3950d210f.json",
        Clear,
        "report"
    ),
    push!(
        "water/dijkwater/siem",
        "stix-objects/indicator__test_additional_schema.json",
        Green,
        "indicators"
    )
    .declared(),
    push!(
        "energy/windpark/siem",
        "stix-2.0/carbonblack__stix_v2.0.json",
        Green,
        "report"
    )
    .declared(),
    push!(
        "energy/gridco/meryem",
        "stix-2.0/elevator20__141-TLP-marking-structures.json",
        Red,
        "indicators"
    )
    .lower(&[
        (Clear, "indicators"),
        (Green, "indicators"),
        (Amber, "indicators"),
    ]),
    push!(
        "energy/gridco/siem",
        "stix/own__green-tidegate-report.json",
        Green,
        "report"
    ),
    // MISP events, in their three wrappings.
    push!(
        "energy/windpark/siem",
        "misp/MISP-PyMISP__57c4445b-c548-4654-af0b-4be3950d210f.json",
        Clear,
        "indicators"
    ),
    push!(
        "energy/gridco/siem",
        "misp/eset-malware-ioc__misp-telebots.json",
        Clear,
        "indicators"
    ),
    push!(
        "energy/gridco/siem",
        "misp/eset-malware-ioc__2019-05-23_Zebrocy.json",
        Green,
        "indicators"
    )
    .declared(),
    push!(
        "water/aquapure/siem",
        "misp/eset-malware-ioc__akiva.json",
        Green,
        "indicators"
    )
    .declared(),
    push!(
        "energy/windpark/siem",
        "misp/eset-malware-ioc__cloudmensis.misp.json",
        Green,
        "indicators"
    )
    .declared()
    .own_hops(0),
    push!(
        "msp/helpdesk/siem",
        "misp/MISP-misp-stix__test_events_collection_1.json",
        Green,
        "indicators"
    )
    .declared(),
    push!(
        "energy/gridco/meryem",
        "misp/own__red-bare-event.json",
        Red,
        "indicators"
    ),
    // Words between people.
    push!(
        "energy/windpark/joris",
        "text/advisory-forged-configuration-tool.md",
        Green,
        "report"
    ),
    push!(
        "water/dijkwater/anneke",
        "text/rfi-modem-scans.txt",
        Amber,
        "report"
    )
    .asked("rfi")
    .to(&["energy.isac.example"]),
    push!(
        "energy/gridco/meryem",
        "text/minutes-september-meeting.md",
        Strict,
        "report"
    )
    .asked("minutes"),
    push!(
        "energy/gridco/meryem",
        "text/alert-phishing-unmarked.txt",
        Green,
        "report"
    )
    .declared()
    .asked("alert"),
    push!(
        "msp/cloudhost/els",
        "text/notice-maintenance-window.txt",
        Clear,
        "report"
    ),
    push!(
        "energy/windpark/joris",
        "csaf/own__energy-2026-0007-green.json",
        Green,
        "advisory"
    )
    .withdrawn(),
    // What is refused, and why.
    push!(
        "energy/gridco/siem",
        "csaf/testsuite/csaf-rs__csaf-rs_csaf-csaf_2_0-6-1-05-s11.json",
        Clear,
        "advisory"
    )
    .refused("no-label"),
    push!(
        "energy/gridco/siem",
        "text/edge-quotes-higher-label.md",
        Green,
        "report"
    )
    .declared()
    .refused("label-in-text"),
    push!(
        "energy/gridco/siem",
        "invalid/syntax/cti-stix-validator__invalid_comma.json",
        Green,
        "report"
    )
    .declared()
    .refused("unknown-format"),
];
