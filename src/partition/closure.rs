//! Who goes up with whom: a thing that names a stricter one takes its label. Linear in things and references.

use super::references::References;
use crate::model::label::Label;

/// What became of the labels.
pub(super) struct Closed {
    /// The label of each thing; of one that had none, the strictest of what it names, if that has any.
    pub(super) labels: Vec<Option<Label>>,
    /// For each thing that went up, the one that it names and that was stricter.
    pub(super) because_of: Vec<Option<usize>>,
}

/// Raises labels until nothing names anything stricter than itself.
pub(super) fn close(own: &[Option<Label>], references: &References) -> Closed {
    let mut closed = Closed {
        labels: own.to_vec(),
        because_of: vec![None; own.len()],
    };
    // From the strictest down: the first label that reaches a thing is the one that it keeps.
    for label in Label::ALL.into_iter().rev() {
        let mut waiting: Vec<usize> = closed
            .labels
            .iter()
            .enumerate()
            .filter(|(_, l)| **l == Some(label))
            .map(|(index, _)| index)
            .collect();
        while let Some(named) = waiting.pop() {
            for namer in references.namers(named) {
                let Some(slot) = closed.labels.get_mut(namer) else {
                    continue;
                };
                if *slot < Some(label) {
                    *slot = Some(label);
                    if let Some(because) = closed.because_of.get_mut(namer) {
                        *because = Some(named);
                    }
                    waiting.push(namer);
                }
            }
        }
    }
    closed
}

#[cfg(test)]
mod tests {
    use super::*;
    use Label::*;

    #[test]
    fn a_label_goes_up_along_a_chain_and_not_down() {
        // 0 names 1, 1 names 2, 3 is named by 0, 4 has no label and names 2.
        let references = References::of_pairs(5, &[(0, 1), (1, 2), (0, 3), (4, 2)]);
        let own = [Some(Clear), Some(Green), Some(Amber), Some(Clear), None];
        let closed = close(&own, &references);
        assert_eq!(
            closed.labels,
            [
                Some(Amber),
                Some(Amber),
                Some(Amber),
                Some(Clear),
                Some(Amber)
            ]
        );
        assert_eq!(closed.because_of, [Some(1), Some(2), None, None, Some(2)]);
    }

    #[test]
    fn a_circle_takes_its_strictest_label() {
        let references = References::of_pairs(3, &[(0, 1), (1, 2), (2, 0)]);
        let closed = close(&[Some(Clear), Some(Red), Some(Green)], &references);
        assert_eq!(closed.labels, [Some(Red); 3]);
    }
}
