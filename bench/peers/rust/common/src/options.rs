//! Command lines. A bad one ends the program with one sentence and status 2.

use std::str::FromStr;

/// Which runtime to build; smol's programs know the first only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flavor {
    CurrentThread,
    /// With that many workers; None: as many as the machine runs at once.
    MultiThread(Option<usize>),
}

impl Flavor {
    /// Called by programs that have no other.
    pub fn expect_current_thread(self) {
        if self != Flavor::CurrentThread {
            refuse("this program has one runtime only: --runtime current_thread");
        }
    }
}

impl FromStr for Flavor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "current_thread" {
            return Ok(Flavor::CurrentThread);
        }
        if text == "multi_thread" {
            return Ok(Flavor::MultiThread(None));
        }
        match text.strip_prefix("multi_thread:").and_then(|workers| workers.parse().ok()) {
            Some(workers @ 1..=1024) => Ok(Flavor::MultiThread(Some(workers))),
            _ => Err(format!("--runtime needs current_thread, multi_thread or multi_thread:N, not '{text}'")),
        }
    }
}

/// Says why the command line is not understood, and ends the program.
pub fn refuse(sentence: &str) -> ! {
    eprintln!("{sentence}");
    std::process::exit(2)
}

/// The program's arguments: words, and values of options in both spellings, `--port 1` and `--port=1`.
pub struct Arguments {
    rest: std::vec::IntoIter<String>,
}

pub enum Argument {
    Word(String),
    Option(String, String),
}

impl Arguments {
    pub fn of_this_program() -> Self {
        Arguments { rest: std::env::args().skip(1).collect::<Vec<_>>().into_iter() }
    }
}

impl Iterator for Arguments {
    type Item = Argument;

    fn next(&mut self) -> Option<Argument> {
        let text = self.rest.next()?;
        let option = match text.strip_prefix("--") {
            Some(option) => option,
            None => return Some(Argument::Word(text)),
        };
        if let Some((name, value)) = option.split_once('=') {
            return Some(Argument::Option(name.to_string(), value.to_string()));
        }
        match self.rest.next() {
            Some(value) => Some(Argument::Option(option.to_string(), value)),
            None => refuse(&format!("{text} needs a value")),
        }
    }
}

/// The value of an option, as a number from `least` to `most`.
pub fn number(option: &str, text: &str, least: u64, most: u64) -> u64 {
    match text.parse() {
        Ok(value) if (least..=most).contains(&value) => value,
        _ => refuse(&format!("--{option} needs a whole number from {least} to {most}, not '{text}'")),
    }
}

pub fn flavor(text: &str) -> Flavor {
    text.parse().unwrap_or_else(|sentence: String| refuse(&sentence))
}

/// What an echo server is told.
pub struct EchoOptions {
    pub port: u16,
    pub buffer: usize,
    pub flavor: Flavor,
}

impl EchoOptions {
    pub fn parse() -> Self {
        let mut port = None;
        let mut options = EchoOptions { port: 0, buffer: 16384, flavor: Flavor::CurrentThread };
        for argument in Arguments::of_this_program() {
            match argument {
                Argument::Option(name, value) => match name.as_str() {
                    "port" => port = Some(number(&name, &value, 0, 65535) as u16),
                    "buffer" => options.buffer = number(&name, &value, 1, 1 << 24) as usize,
                    "runtime" => options.flavor = flavor(&value),
                    _ => refuse(&format!("--{name} is not understood: there are --port, --buffer and --runtime")),
                },
                Argument::Word(word) => refuse(&format!("'{word}' is not understood: there are only options")),
            }
        }
        options.port = port.unwrap_or_else(|| refuse("say which port: --port P, 0 for any"));
        options
    }
}
