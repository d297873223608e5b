//! What the demonstration shows at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::acts::Acts;
use super::holdings::Holdings;
use super::pushes::{Push, items};
use super::stage::Stage;
use crate::cli::Failure;
use crate::cli::Output;
use crate::cli::output::Field;
use crate::model::decision::Rule;
use crate::model::label::Label;
use crate::wire::{pb, words};

/// The outcome, with everything that was withheld.
pub(super) struct Report {
    summary: Summary,
    rows: Vec<Row>,
    wrong: Vec<String>,
}

/// What `demo -o json` answers.
#[derive(Serialize)]
struct Summary {
    nodes: usize,
    pushed: usize,
    refused: usize,
    deliveries: usize,
    withheld: Vec<Withheld>,
    leaks: usize,
    missing: usize,
    latency_ms: Latency,
}

/// One decision to withhold.
#[derive(Serialize, Clone)]
struct Withheld {
    item: String,
    at: &'static str,
    to: String,
    rule: &'static str,
}

#[derive(Serialize)]
struct Latency {
    p50: f64,
    p99: f64,
}

/// One document, for people.
struct Row {
    push: Push,
    reached: String,
    withheld: String,
}

impl Report {
    pub(super) async fn of(stage: &Stage, acts: &Acts, holdings: Holdings) -> Result<Self> {
        let mut withheld = Vec::new();
        let mut rows = Vec::new();
        let items = items();
        for (n, push) in items.iter().copied().enumerate() {
            let Some(item) = acts.items.get(&n) else {
                rows.push(Row {
                    push,
                    reached: "refused".to_owned(),
                    withheld: acts.refused.get(&n).cloned().unwrap_or_default(),
                });
                continue;
            };
            let places = holdings.held.get(&n);
            let of_item = explained(stage, item).await?;
            rows.push(Row {
                push,
                reached: reached(places),
                withheld: by_rule(&of_item),
            });
            withheld.extend(of_item);
        }
        let deliveries = holdings
            .held
            .iter()
            .map(|(n, places)| {
                places
                    .iter()
                    .filter(|p| is_delivery(items.get(*n), p))
                    .count()
            })
            .sum();
        let (leaks, missing) = (holdings.leaks(), holdings.missing());
        Ok(Self {
            summary: Summary {
                nodes: stage.sites.len(),
                pushed: acts.pushed,
                refused: acts.refused.len(),
                deliveries,
                withheld,
                leaks: leaks.len(),
                missing: missing.len(),
                latency_ms: latency(&acts.latencies),
            },
            rows,
            wrong: leaks.into_iter().chain(missing).collect(),
        })
    }

    /// Everybody holds exactly what the oracle says.
    pub(super) fn is_sound(&self) -> bool {
        self.wrong.is_empty()
    }

    /// What is worth trying against the nodes that stay up.
    pub(super) fn what_to_try(&self, output: &Output, dir: &Path, stage: &Stage) {
        // One that shows something: a label that stopped it.
        let some = self
            .summary
            .withheld
            .iter()
            .find(|w| w.at == "energy" && w.rule == Rule::LabelNeverLeaves.name())
            .map_or("ITEM", |w| w.item.as_str());
        let program = std::env::current_exe()
            .map_or_else(|_| "sluis".to_owned(), |path| path.display().to_string());
        let profile = |place: &str| {
            stage
                .viewer(place)
                .map_or_else(|_| place.replace('/', "-"), |v| v.profile.clone())
        };
        let dir = dir.display();
        output.note(format!(
            "\nThe nodes stay up until Ctrl-C. In another terminal:\n\n  \
             alias sluis='{program}'\n  \
             export SLUIS_HOME={dir}/profiles\n\n  \
             # what a person of the water sector sees, and what comes next\n  \
             sluis --profile {} feed\n  \
             sluis --profile {} feed --follow\n  \
             # in a third terminal: share, or only look who would get it\n  \
             sluis --profile {} push --tlp GREEN README.md\n  \
             sluis --profile {} push --tlp AMBER --dry-run README.md\n  \
             # the operator: how the node does, why an item goes where, and ending a member's streams\n  \
             sluis --data {dir}/energy status\n  \
             sluis --data {dir}/energy explain {some}\n  \
             sluis --data {dir}/energy member suspend windpark\n",
            profile("water/dijkwater/anneke"),
            profile("water/dijkwater/anneke"),
            profile("energy/gridco/meryem"),
            profile("energy/gridco/meryem"),
        ));
    }

    pub(super) fn show(&self, output: &Output) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(&self.summary);
        }
        let header = ["LABEL", "DOCUMENT", "FROM", "REACHED", "WITHHELD"];
        let rows = self.rows.iter().map(|row| {
            let name = row.push.file.rsplit('/').next().unwrap_or(row.push.file);
            let from: Vec<&str> = row.push.by.split('/').take(2).collect();
            [
                Field::Label(Label::parse(row.push.label.typed())),
                Field::from(&shortened(name)),
                Field::from(&from.join("/")),
                Field::from(&row.reached),
                Field::from(&row.withheld),
            ]
        });
        output.table(header, rows)?;
        output.line("")?;
        for (rule, (count, example)) in self.rules() {
            output.line(&format!("{count:>5} × {rule:<20} such as {example}"))?;
        }
        output.line("")?;
        let s = &self.summary;
        output.line(&format!(
            "{} documents shared by {} nodes, {} deliveries; {} times withheld by {} rules; {} pushes refused",
            s.pushed,
            s.nodes,
            s.deliveries,
            s.withheld.len(),
            self.rules().len(),
            s.refused
        ))?;
        output.line(&format!(
            "from a push to a reader in another community: {} ms at the median, {} ms at the 99th percentile",
            s.latency_ms.p50, s.latency_ms.p99
        ))?;
        for wrong in &self.wrong {
            output.line(&format!("WRONG: {wrong}"))?;
        }
        output.line(&format!(
            "leaks: {} (every node's and viewer's holdings against an oracle that shares no code with the rules)",
            s.leaks
        ))
    }

    fn rules(&self) -> BTreeMap<&'static str, (usize, String)> {
        let mut rules: BTreeMap<&'static str, (usize, String)> = BTreeMap::new();
        for one in &self.summary.withheld {
            let example = || format!("{} at {} from {}", one.item, one.at, one.to);
            rules.entry(one.rule).or_insert_with(|| (0, example())).0 += 1;
        }
        rules
    }
}

/// Everything withheld of an item, at every node that knows it.
async fn explained(stage: &Stage, item: &str) -> Result<Vec<Withheld>> {
    let mut withheld = Vec::new();
    for site in &stage.sites {
        let request = pb::ExplainHeldItemRequest {
            item: item.to_owned(),
            to: String::new(),
        };
        let answer = match site.admin.clone().explain_held_item(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) if status.code() == tonic::Code::NotFound => continue,
            Err(status) => return Err(status.into()),
        };
        for one in answer.items.iter().flat_map(|i| &i.recipients) {
            if let Ok(Some(rule)) = words::rule(one.rule) {
                withheld.push(Withheld {
                    item: item.to_owned(),
                    at: site.community.short,
                    to: one.to.clone(),
                    rule: rule.name(),
                });
            }
        }
    }
    Ok(withheld)
}

fn is_delivery(push: Option<&Push>, place: &str) -> bool {
    let origin = push.and_then(|p| p.by.split('/').next());
    origin != Some(place)
}

/// `energy 5 readers, water 3 readers`.
fn reached(places: Option<&BTreeSet<String>>) -> String {
    let Some(places) = places else {
        return "nobody (withdrawn)".to_owned();
    };
    let nodes: Vec<String> = places
        .iter()
        .filter(|p| !p.contains('/'))
        .map(|node| {
            let readers = places.iter().filter(|p| {
                p.strip_prefix(node.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            });
            format!("{node} ({})", readers.count())
        })
        .collect();
    nodes.join(", ")
}

/// `ceiling-out: msp; not-member: deltagas`.
fn by_rule(withheld: &[Withheld]) -> String {
    let mut rules: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for one in withheld {
        let to = one.to.split('.').next().unwrap_or(&one.to).to_owned();
        rules.entry(one.rule).or_default().insert(to);
    }
    let parts: Vec<String> = rules
        .into_iter()
        .map(|(rule, to)| format!("{rule}: {}", to.into_iter().collect::<Vec<_>>().join(" ")))
        .collect();
    parts.join("; ")
}

/// Long names of test documents keep their tail, which tells them apart.
fn shortened(name: &str) -> String {
    const CHARS: usize = 34;
    let chars: Vec<char> = name.chars().collect();
    match chars.len().checked_sub(CHARS) {
        None | Some(0) => name.to_owned(),
        Some(cut) => format!("…{}", chars.iter().skip(cut + 1).collect::<String>()),
    }
}

fn latency(micros: &[i64]) -> Latency {
    let mut sorted = micros.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let last = sorted.len().saturating_sub(1);
        let micros = sorted.get(last * percent / 100).copied().unwrap_or(0);
        u32::try_from(micros / 10).map_or(f64::MAX, |hundredths| f64::from(hundredths) / 100.0)
    };
    Latency {
        p50: at(50),
        p99: at(99),
    }
}
