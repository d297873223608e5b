//! The table *Who may receive*, cell by cell, where nothing else stands in the way.

use sluis::model::label::Label;

use super::story::{Item, item, peer, reader, reader_at};

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// With an audience or without.
    Yes,
    /// Only if the audience names the reader.
    Named,
    Never,
}

use Cell::{Named, Never, Yes};

/// Label; a person of O; a tool of O; a peer of O; members there; a peer of that peer; members there.
const TABLE: [(Label, [Cell; 6]); 5] = [
    (Label::Red, [Named, Never, Never, Never, Never, Never]),
    (Label::AmberStrict, [Yes, Yes, Never, Never, Never, Never]),
    (Label::Amber, [Yes, Yes, Named, Named, Never, Never]),
    (Label::Green, [Yes, Yes, Yes, Yes, Yes, Yes]),
    (Label::Clear, [Yes, Yes, Yes, Yes, Yes, Yes]),
];

/// Whether each of the six readers gets it.
fn readers(item: &Item) -> [bool; 6] {
    let near = ["energy", "water"].as_slice();
    let far = ["energy", "water", "msp"].as_slice();
    [
        item.decision(&reader("volt/person/jan")),
        item.decision(&reader("volt/tool/siem")),
        item.decision(&peer("water")),
        item.clone()
            .came_over(near)
            .decision(&reader_at("water", "aqua/tool/siem")),
        item.clone().came_over(near).decision(&peer("msp")),
        item.clone()
            .came_over(far)
            .decision(&reader_at("msp", "soc/tool/siem")),
    ]
    .map(|decision| decision.permits())
}

#[test]
fn every_cell_of_the_table_holds() {
    for (label, cells) in TABLE {
        let unnamed = readers(&item(label));
        let named = readers(
            &item(label)
                .to("volt")
                // What a named member means for RED.
                .to("volt/person/jan")
                .to("community water")
                .to("community msp"),
        );
        let others = readers(&item(label).to("grid").to("community health"));
        for (column, cell) in cells.into_iter().enumerate() {
            let place = format!("{label}, column {column}");
            assert_eq!(unnamed[column], cell == Yes, "{place}: no audience");
            assert_eq!(named[column], cell != Never, "{place}: named");
            assert!(!others[column], "{place}: others are named");
        }
    }
}
