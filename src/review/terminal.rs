//! The person's end of the review: text out on stderr, keys in, an editor, and a terminal that is left as it
//! was found. stdout belongs to the product.

use std::io::{self, IsTerminal, Write};
use std::process::Command;
use std::{env, fs};

use console::{Key, Term};
use dialoguer::Input;
use dialoguer::theme::SimpleTheme;

use crate::workspace::programs;

/// A terminal to talk to a person.
pub struct Terminal {
    term: Term,
}

impl Terminal {
    /// The terminal that stdin and stderr are; `None` where one of them is not.
    pub fn open() -> Option<Self> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        modes::remember();
        Some(Terminal { term: Term::stderr() })
    }

    /// Writes text, its colours as the user wants them.
    pub fn show(&self, text: &str) -> io::Result<()> {
        let mut stderr = anstream::stderr().lock();
        stderr.write_all(text.as_bytes())?;
        stderr.flush()
    }

    /// The next key that is a character or Tab. Others, Enter among them, say nothing. Ctrl-C is
    /// [`io::ErrorKind::Interrupted`].
    pub fn read_key(&self) -> io::Result<char> {
        loop {
            match self.term.read_key_raw()? {
                Key::CtrlC => {
                    self.show("\n")?;
                    return Err(io::ErrorKind::Interrupted.into());
                }
                Key::Tab => return Ok('\t'),
                Key::Char(key) if !key.is_control() => return Ok(key),
                _ => {}
            }
        }
    }

    /// Asks for one line.
    pub fn ask_line(&self, question: &str) -> io::Result<String> {
        let input = Input::with_theme(&SimpleTheme)
            .with_prompt(question)
            .allow_empty(true);
        let answer: dialoguer::Result<String> = input.interact_text_on(&self.term);
        answer.map_err(|dialoguer::Error::IO(error)| error)
    }

    /// Asks a question that has no default: Enter answers nothing.
    pub fn confirm(&self, question: &str) -> io::Result<bool> {
        self.show(&format!("{question} [y,n] "))?;
        loop {
            let key = self.read_key()?;
            if matches!(key, 'y' | 'n') {
                self.show(&format!("{key}\n"))?;
                return Ok(key == 'y');
            }
        }
    }

    /// Lets the person edit a Go text. `None` when the editor did not end well.
    pub fn edit(&self, text: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut file = tempfile::Builder::new()
            .prefix("unleak-")
            .suffix(".go")
            .tempfile()?;
        file.write_all(text)?;
        // Closed, so that editors that replace the file and those that lock it can do so.
        let path = file.into_temp_path();
        let ended_well = editor().arg(&path).stdout(io::stderr()).status()?.success();
        restore();
        match ended_well {
            true => fs::read(&path).map(Some),
            false => Ok(None),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// What the person edits with, as git finds it: through the shell, since the variables hold commands.
fn editor() -> Command {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR"));
    if cfg!(windows) {
        return Command::new(editor.unwrap_or_else(|| "notepad".into()));
    }
    let mut script = editor.unwrap_or_else(|| "vi".into());
    script.push(" \"$@\"");
    let mut shell = programs::command("sh");
    shell.arg("-c").arg(script).arg("sh");
    shell
}

/// Puts the terminal back as it was when a review began, if one did. For the handler of Ctrl-C, which cannot
/// wait for a [`Terminal`] to be dropped.
pub fn restore() {
    if modes::restore() {
        // The process may be on its way out: a terminal that is gone needs no cursor.
        let _ = Term::stderr().show_cursor();
    }
}

/// The line discipline, which reading single keys changes for as long as it waits.
#[cfg(unix)]
mod modes {
    use std::io;
    use std::sync::OnceLock;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    static FOUND: OnceLock<Termios> = OnceLock::new();

    pub(super) fn remember() {
        if let Ok(modes) = tcgetattr(io::stdin()) {
            FOUND.get_or_init(|| modes);
        }
    }

    /// Whether there was something to restore.
    pub(super) fn restore() -> bool {
        let Some(modes) = FOUND.get() else {
            return false;
        };
        tcsetattr(io::stdin(), OptionalActions::Drain, modes).is_ok()
    }
}

/// Elsewhere reading a key leaves the console as it is.
#[cfg(not(unix))]
mod modes {
    pub(super) fn remember() {}

    pub(super) fn restore() -> bool {
        true
    }
}
