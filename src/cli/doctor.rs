//! `sluis doctor`: one line for each thing that was looked at.

use serde::Serialize;

use super::output::Field;
use super::{Context, Exit, Failure, session};
use crate::node::doctor::{Health, doctor};

/// What `doctor` answers for each thing that it looked at.
#[derive(Serialize)]
struct Looked<'a> {
    check: &'a str,
    health: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    next: &'a str,
}

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let data = session::data_directory(context)?;
    let checks = doctor(&data, &context.environment, context.clock.now()).await;
    if context.output.is_json() {
        for check in &checks {
            context.output.object(&Looked {
                check: check.name,
                health: check.health.name(),
                message: &check.message,
                next: &check.next,
            })?;
        }
    } else {
        context.output.table(
            ["check", "health", "what", "to do"],
            checks.iter().map(|check| {
                [
                    Field::from(check.name),
                    check.health.name().into(),
                    check.message.clone().into(),
                    check.next.clone().into(),
                ]
            }),
        )?;
    }
    let failed = checks.iter().filter(|c| c.health == Health::Fail).count();
    match failed {
        0 => Ok(Exit::Done),
        1 => Err(Failure::failed("one thing is wrong")),
        failed => Err(Failure::failed(format!("{failed} things are wrong"))),
    }
}
