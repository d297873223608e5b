//! A message that is small on the wire and large behind its compression (threat 49).

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use sluis::wire::pb;
use std::io::Write as _;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::support::{report, shared};

/// Twice what a node takes of one message.
const INFLATED: usize = 34 * 1024 * 1024;

#[tokio::test]
async fn a_message_that_inflates_beyond_its_bound_is_refused_and_the_node_goes_on() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let push = |content: Bytes, n: u32| pb::PushItemRequest {
        request_id: format!("01a20c5a-b180-7153-9000-{n:012}"),
        content,
        label: pb::Label::Green.into(),
        ..Default::default()
    };
    let mut service = meryem
        .service()
        .await
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(1024 * 1024);
    let bomb = push(Bytes::from(vec![b' '; INFLATED]), 1);
    let small = compressed(&bomb.encode_to_vec());
    assert!(
        small.len() < INFLATED / 500,
        "{} bytes on the wire",
        small.len()
    );
    let refused = service.push_item(bomb).await.expect_err("it is too large");
    assert!(
        matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted),
        "{refused:?}"
    );
    let honest = push(Bytes::from(report("After the bomb", "words")), 2);
    let done = service.push_item(honest).await.expect("the node goes on");
    assert_eq!(done.into_inner().items.len(), 1);
}

fn compressed(message: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(BytesMut::new().writer(), Compression::default());
    encoder.write_all(message).expect("memory takes it");
    encoder
        .finish()
        .expect("memory takes it")
        .into_inner()
        .freeze()
}
