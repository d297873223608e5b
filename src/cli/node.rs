//! `sluis serve` and `sluis config`: the node as such.

use std::collections::BTreeMap;

use serde::Serialize;

use super::output::Field;
use super::{Context, Exit, Failure, session};
use crate::node;
use crate::node::config::Configuration;
use crate::node::telemetry;

pub(super) async fn serve(context: &Context) -> Result<Exit, Failure> {
    let data = session::data_directory(context)?;
    let Configuration {
        settings, warnings, ..
    } = load(context)?;
    let directives = match context.options.verbose {
        0 if context.options.quiet => "warn",
        0 => telemetry::SERVING,
        1 => "sluis=debug,info",
        _ => "sluis=trace,debug",
    };
    telemetry::start(settings.log, directives, &context.environment);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    node::serve(&data, settings)
        .await
        .map_err(|error| Failure::because("the node ended", &error))?;
    Ok(Exit::Done)
}

/// One setting, as `config` answers it.
#[derive(Serialize)]
struct Setting {
    value: Option<String>,
    source: String,
}

pub(super) fn config(context: &Context) -> Result<Exit, Failure> {
    let configuration = load(context)?;
    if context.output.is_json() {
        let settings: BTreeMap<&str, Setting> = configuration
            .entries
            .into_iter()
            .map(|entry| {
                let source = entry.source.to_string();
                (
                    entry.key,
                    Setting {
                        value: entry.value,
                        source,
                    },
                )
            })
            .collect();
        context.output.object(&settings)?;
    } else {
        context.output.table(
            ["key", "value", "from"],
            configuration.entries.into_iter().map(|entry| {
                [
                    Field::from(entry.key),
                    entry.value.unwrap_or_else(|| "-".to_owned()).into(),
                    entry.source.to_string().into(),
                ]
            }),
        )?;
    }
    for warning in configuration.warnings {
        context.output.note(warning);
    }
    Ok(Exit::Done)
}

fn load(context: &Context) -> Result<Configuration, Failure> {
    let data = session::data_directory(context)?;
    node::config::load(&data, &context.environment)
        .map_err(|error| Failure::failed(crate::fault::chain(&error)))
}
