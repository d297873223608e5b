//! Many pushes on one stream: one acknowledgement each, in the order of their arrival, refusals among them.

use sluis::wire::pb;
use sluis::wire::pb::push_items_response::Outcome;

use crate::support::{report, shared};

/// More than the node takes at once.
const PUSHES: usize = 100;

#[tokio::test]
async fn acknowledgements_come_in_the_order_of_arrival_and_a_refusal_ends_nothing() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let mut service = meryem.service().await;
    let id = |n: usize| format!("01a20c5a-b180-7153-9933-{n:012}");
    let pushes: Vec<pb::PushItemsRequest> = (0..PUSHES)
        .map(|n| pb::PushItemsRequest {
            push: Some(pb::PushItemRequest {
                request_id: id(n),
                content: report(&format!("On a stream, {n}"), "words").into(),
                // Every tenth has no label.
                label: if n % 10 == 3 {
                    0
                } else {
                    pb::Label::AmberStrict.into()
                },
                ..Default::default()
            }),
        })
        .collect();
    let stream = tokio_stream::iter(pushes.clone());
    let mut answers = service
        .push_items(stream)
        .await
        .expect("a stream")
        .into_inner();
    let mut items = Vec::new();
    for n in 0..PUSHES {
        let answer = answers
            .message()
            .await
            .expect("no error")
            .expect("an answer each");
        assert_eq!(answer.request_id, id(n));
        match answer.outcome.expect("an outcome") {
            Outcome::Done(done) => items.extend(done.items.into_iter().map(|i| i.item)),
            Outcome::Refused(refused) => {
                assert_eq!((n % 10, &*refused.reason), (3, "no-label"));
            }
            Outcome::Failed(failed) => panic!("{}", failed.message),
        }
    }
    assert!(
        answers.message().await.expect("no error").is_none(),
        "it ends with the pushes"
    );
    assert_eq!(items.len(), PUSHES - PUSHES / 10);

    // What was acknowledged is in the feed, each once.
    let feed = meryem.items();
    let mut pushed: Vec<String> = feed.into_iter().filter(|i| items.contains(i)).collect();
    pushed.sort();
    let mut sorted = items.clone();
    sorted.sort();
    assert_eq!(pushed, sorted);

    // The whole stream again, as after a lost connection, gets the same answers.
    let stream = tokio_stream::iter(pushes);
    let mut again = service
        .push_items(stream)
        .await
        .expect("a stream")
        .into_inner();
    let mut repeated = Vec::new();
    while let Some(answer) = again.message().await.expect("no error") {
        if let Some(Outcome::Done(done)) = answer.outcome {
            repeated.extend(done.items.into_iter().map(|i| i.item));
        }
    }
    assert_eq!(repeated, items);
}
