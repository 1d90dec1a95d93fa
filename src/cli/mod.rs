//! Floor 8: arguments, streams and exit codes. Wires the suite into the job; knows nothing of how a leak is
//! found or repaired.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

mod aftermath;
mod args;
mod batch;
mod console;
mod debug;
mod exit;
mod fix;
mod format;
mod interrupt;
mod prove;
mod rules;
mod scan;
mod selection;
mod settings;
mod stream;
mod undo;
mod verifiers;

use args::{Cli, Command};
use console::Console;
use exit::Exit;
use interrupt::is_stopped;

/// The whole program.
pub fn main() -> ExitCode {
    crate::job::silence_panics();
    // Tests with services that no repair can know would end in the panic of a debug build.
    if std::env::var_os("UNLEAK_WRONG_FIXES_EXPECTED").is_some() {
        crate::engine::verify::expect_wrong_fixes();
    }
    let cli = Cli::parse();
    let console = Console::new(&cli.voice);
    interrupt::watch();
    let exit = on_own_stack(|| run(&cli, &console)).unwrap_or_else(|panic| {
        console.error(&format!(
            "internal error: {}; please report it",
            crate::job::told(&*panic)
        ));
        Exit::Trouble
    });
    match is_stopped() {
        true => Exit::Interrupted.into(),
        false => exit.into(),
    }
}

/// Runs `work` on a thread whose stack is as large as that of every worker: packages are looked at here, too, and how
/// large the first stack of a process is, is up to others.
fn on_own_stack(work: impl FnOnce() -> Exit + Send) -> std::thread::Result<Exit> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(crate::job::STACK);
        match thread.spawn_scoped(scope, || catch_unwind(AssertUnwindSafe(work))) {
            Ok(running) => running.join().flatten(),
            Err(error) => {
                let told: Box<dyn std::any::Any + Send> = Box::new(format!("cannot start a thread: {error}"));
                Err(told)
            }
        }
    })
}

fn run(cli: &Cli, console: &Console) -> Exit {
    let result = match &cli.command {
        Command::Scan(args) => scan::scan(args, console),
        Command::Fix(args) => fix::fix(args, console),
        Command::Prove(args) => prove::prove_handlers(args, console),
        Command::Batch(args) => batch::batch(args, console),
        Command::Rules(args) => rules::list(args, console),
        Command::Explain(args) => rules::explain(args, console),
        Command::Debug(args) => debug::debug(args, console),
    };
    result.unwrap_or_else(|error| {
        console.error(&format!("{error:#}"));
        Exit::Trouble
    })
}
