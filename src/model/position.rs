//! Places in the log, and in one viewer's feed.

/// A place in a node's log: the order in which the node made things durable. Positions grow; they may have gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub i64);

impl Position {
    /// Before the first entry.
    pub const START: Position = Position(0);
}

/// A viewer's place: the last position that it has, in which epoch of the viewer. What a cursor hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPlace {
    /// The viewer's epoch. A place of an earlier epoch is read as the start.
    pub epoch: u32,
    /// The last position that the viewer has.
    pub position: Position,
}
