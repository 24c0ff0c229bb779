//! Writes to standard output and standard error, and asks questions on the terminal. Only this
//! module does so. `terminal.rs` restores the terminal's modes when a signal interrupts a question,
//! and `shortening.rs` shortens very long words.

mod shortening;
pub(crate) mod terminal;

use std::env;
use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use annotate_snippets::Renderer;
use clap::ColorChoice;
use indicatif::ProgressBar;
use secrecy::SecretString;
use sops_core::Error;
use sops_core::keys::Prompt;
use sops_printable::{lines, masked, one_line};

use self::shortening::shortened;
#[cfg(feature = "keyservice")]
use self::terminal::remembered;
use self::terminal::{cleared, restored};
use crate::arguments::invocation::under_name;
use crate::command_error::{CommandError, name_of, wrapped};

/// The output of a command.
pub(crate) struct Ui {
    renderer: Renderer,
    progress: Mutex<Option<ProgressBar>>,
    verbose: bool,
    /// Whether errors that `sops` has too are printed only in its words.
    is_sops: bool,
    /// Whether successes are not reported.
    quiet: bool,
    color: ColorChoice,
}

impl Ui {
    pub(crate) fn new(verbose: bool) -> Self {
        Self {
            renderer: renderer(&io::stderr(), ColorChoice::Auto),
            progress: Mutex::default(),
            verbose,
            is_sops: false,
            quiet: false,
            color: ColorChoice::Auto,
        }
    }

    /// Stops reporting successes if `quiet` is set.
    pub(crate) fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// When to use colors.
    pub(crate) fn color(mut self, color: ColorChoice) -> Self {
        self.renderer = renderer(&io::stderr(), color);
        self.color = color;
        self
    }

    /// Whether the program was called as `sops`.
    pub(crate) fn called_sops(mut self, is_sops: bool) -> Self {
        self.is_sops = is_sops;
        self
    }

    /// Writes messages above this progress bar from now on.
    pub(crate) fn show(&self, bar: ProgressBar) {
        *self.progress() = Some(bar);
    }

    /// Writes a command's result to standard output unchanged.
    pub(crate) fn output(&self, result: &[u8]) -> Result<(), CommandError> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(result)
            .and_then(|()| stdout.flush())
            .map_err(|error| CommandError::stream("standard output", &error))
    }

    /// Writes one line of text for the user to standard output.
    pub(crate) fn print(&self, line: impl Display) -> Result<(), CommandError> {
        self.output(format!("{}\n", one_line(&line.to_string())).as_bytes())
    }

    /// Lets `make` write a command's result to standard output.
    pub(crate) fn output_while(
        &self,
        make: impl FnOnce(&mut dyn Write) -> sops_core::Result<()>,
    ) -> sops_core::Result<()> {
        let mut stdout = io::stdout().lock();
        make(&mut stdout)?;
        stdout.flush().map_err(|error| Error::Output(error.into()))
    }

    /// The renderer for reports on standard output.
    pub(crate) fn renderer_of_output(&self) -> Renderer {
        renderer(&io::stdout(), self.color)
    }

    /// The width of reports on standard output, if that is a terminal.
    pub(crate) fn width_of_output(&self) -> Option<usize> {
        columns(io::stdout())
    }

    /// Prints one line with the result or the next step.
    pub(crate) fn note(&self, message: impl Display) {
        self.write(&wrapped(
            &one_line(&message.to_string()),
            columns(io::stderr()),
            0,
        ));
    }

    /// Reports in one line what was done to a file, as in `secret.yaml: changed`, except under the
    /// name `sops`, which says nothing.
    pub(crate) fn done(&self, file: &Path, outcome: impl Display) {
        if !self.quiet && !self.is_sops {
            self.note(format_args!("{}: {outcome}", name_of(file)));
        }
    }

    /// Writes text that is safe to print to standard error.
    fn write(&self, text: &str) {
        // Errors are ignored, because standard error may be closed on purpose.
        let text = under_name(text);
        let write = || drop(writeln!(io::stderr(), "{}", shortened(&text)));
        match &*self.progress() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn progress(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn warn(&self, message: impl Display) {
        self.note(format_args!("warning: {message}"));
    }

    /// The log that `--verbose` turns on.
    pub(crate) fn verbose_log(&self) -> Option<Log> {
        self.verbose.then_some(Log)
    }

    /// Writes a line of that log.
    pub(crate) fn log(&self, logger: &str, level: &str, message: &str) {
        if let Some(log) = self.verbose_log() {
            self.write(&log.line(logger, level, message, &[]));
        }
    }

    /// Logs that a file was written in place.
    pub(crate) fn log_written(&self) {
        self.log("CMD", "info", "File written successfully");
    }

    /// Whether to print details that only help with troubleshooting.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    pub(crate) fn error(&self, error: &CommandError) {
        if let Some(message) = error.of_sops().filter(|_| self.is_sops) {
            self.write(message);
        } else if let Some(report) = error.render(&self.renderer, columns(io::stderr())) {
            // The parts are already escaped. Escaping the whole report would break its colors.
            self.write(&masked(&report));
        }
    }

    /// Reports the errors of several files, each distinct error once.
    pub(crate) fn errors(&self, errors: Vec<CommandError>) {
        for error in CommandError::without_repetition(errors) {
            self.error(&error);
        }
    }

    /// Whether the user can answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// Asks on standard input until the answer is `y` or `n`, as `sops` does.
    pub(crate) fn confirm(&self, question: &str) -> io::Result<bool> {
        let mut stdin = io::stdin().lock();
        loop {
            let question = one_line(question);
            // In one write, so that the terminal's echo cannot divide it.
            let prompt = format!("{} (y/n): ", under_name(&question));
            io::stderr().write_all(prompt.as_bytes())?;
            let mut answer = String::new();
            if stdin.read_line(&mut answer)? == 0 {
                // Ends the line of the question.
                writeln!(io::stderr())?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match answer.trim() {
                "y" => return Ok(true),
                "n" => return Ok(false),
                _ => {}
            }
        }
    }

    /// Shows secret text on the terminal until the user presses Enter, and then removes it from the
    /// screen and from what can be scrolled back to. A signal that ends the program does so too.
    pub(crate) fn show_until_enter(&self, text: &str, question: &str) -> Result<(), CommandError> {
        const CLEAR: &[u8] = b"\x1b[H\x1b[2J\x1b[3J";
        let read = cleared(CLEAR, || {
            self.output(text.as_bytes())?;
            let mut answer = String::new();
            let asked = write!(io::stderr(), "{}", one_line(question));
            let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
            self.output(CLEAR)?;
            read.map_err(|error| CommandError::input("the answer", &error))
        });
        match read? {
            0 => Err(CommandError::input(
                "the answer",
                &io::ErrorKind::UnexpectedEof.into(),
            )),
            _ => Ok(()),
        }
    }

    /// Prompts for the passphrases of keys on the terminal.
    pub(crate) fn prompt(&self) -> Arc<dyn Prompt> {
        Arc::new(Terminal { is_server: false })
    }

    /// Like [`Self::prompt`], for a server, which handles signals itself.
    #[cfg(feature = "keyservice")]
    pub(crate) fn prompt_of_server(&self) -> Arc<dyn Prompt> {
        Arc::new(Terminal { is_server: true })
    }
}

/// The log that `--verbose` turns on, in the form of `sops`: programs look for its messages.
#[derive(Clone, Copy)]
pub(crate) struct Log;

impl Log {
    /// Writes a line with fields.
    pub(crate) fn write(self, logger: &str, level: &str, message: &str, fields: &[Field<'_>]) {
        // Errors are ignored, as in `Ui::write`.
        let line = self.line(logger, level, message, fields);
        let _ = writeln!(io::stderr(), "{line}");
    }

    fn line(self, logger: &str, level: &str, message: &str, fields: &[Field<'_>]) -> String {
        let time = humantime::format_rfc3339_seconds(SystemTime::now());
        let mut line = format!("[{logger}]\t time=\"{time}\" level={level} msg=\"{message}\"");
        for (name, value) in fields {
            line += &match value.contains(is_quoted) {
                true => format!(" {name}=\"{}\"", one_line(value)),
                false => format!(" {name}={value}"),
            };
        }
        line
    }
}

/// The name and the value of a field.
type Field<'a> = (&'static str, &'a str);

/// Whether Go's `logrus` puts a value with this character in quotes.
fn is_quoted(character: char) -> bool {
    !(character.is_ascii_alphanumeric() || "-._/@^+".contains(character))
}

/// The width of the stream's terminal in columns, at most 100 for readability.
fn columns(stream: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    let columns = usize::from(size.ws_col);
    (columns > 0).then_some(columns.min(100))
}

/// Uses colors as the user wants, by default on a terminal. `CLICOLOR_FORCE`, `NO_COLOR` and a
/// `TERM` of `dumb` have their usual meaning.
fn renderer(stream: &impl IsTerminal, color: ColorChoice) -> Renderer {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_colored = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let forced = env::var_os("CLICOLOR_FORCE");
            let is_forced = forced.is_some_and(|value| !value.is_empty() && value != "0");
            let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
            !set("NO_COLOR") && (is_forced || stream.is_terminal() && !is_dumb)
        }
    };
    match is_colored {
        true => Renderer::styled(),
        false => Renderer::plain(),
    }
}

/// The terminal of this process, which may differ from standard input.
struct Terminal {
    is_server: bool,
}

impl Prompt for Terminal {
    fn passphrase(&self, description: &str) -> Option<SecretString> {
        let question = format!("{}: ", one_line(description));
        let ask = || rpassword::prompt_password(question);
        let answer = match self.is_server {
            #[cfg(feature = "keyservice")]
            true => remembered(ask),
            _ => restored(ask),
        };
        answer.ok().map(SecretString::from)
    }

    fn message(&self, message: &str) {
        let _ = writeln!(io::stderr(), "{}", lines(message));
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let answers = match no {
            Some(no) => format!("y: {yes}, n: {no}"),
            None => format!("y: {yes}"),
        };
        let answer = self.value(&format!("{message} ({answers})"))?;
        match answer.as_str() {
            "y" => Some(true),
            "n" if no.is_some() => Some(false),
            _ => None,
        }
    }

    fn value(&self, description: &str) -> Option<String> {
        let mut terminal = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .ok()?;
        write!(terminal, "{}: ", one_line(description)).ok()?;
        let mut answer = String::new();
        io::BufReader::new(terminal).read_line(&mut answer).ok()?;
        Some(answer.trim_end_matches(['\r', '\n']).to_owned())
    }
}
