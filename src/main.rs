use std::process::ExitCode;

fn main() -> ExitCode {
    unleak::cli::main()
}
