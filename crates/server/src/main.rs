//! `rondo`: see `rondo --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rondo_server::commands::main()
}
