//! How fast nodes are. Each figure is printed beside a limit: the same bytes through the bare mechanism, measured in the
//! same run on the same machine. `cargo bench` runs all of it, `cargo bench -- push` one part; `SLUIS_BENCH_ITEMS`
//! scales the number of items (100 is the default, in per cent).
//!
//! Every part checks what came out before it says how fast that was.

mod documents;
mod fanout;
mod latency;
mod push;
mod replay;
mod support;

use anyhow::Result;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, way, document] = &arguments[..]
        && flag == documents::CHILD
    {
        return documents::child(way, document);
    }
    let wanted: Vec<String> = arguments
        .into_iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w));
    if is_wanted("documents") {
        documents::run()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if is_wanted("push") {
            push::run().await?;
        }
        if is_wanted("latency") {
            latency::run().await?;
        }
        if is_wanted("replay") {
            replay::run().await?;
        }
        if is_wanted("fanout") {
            fanout::run().await?;
        }
        Ok(())
    })
}
