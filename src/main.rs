//! The `sluis` program: arguments, run, exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    sluis::cli::main(std::env::args_os())
}
