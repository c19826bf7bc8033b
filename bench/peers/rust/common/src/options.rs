//! Command lines. A bad one ends the program with one sentence and status 2.

/// Which runtime to build; smol's programs know the first only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flavor {
    CurrentThread,
    /// With that many workers.
    MultiThread(usize),
}

impl Flavor {
    /// Called by programs that have no other.
    pub fn expect_current_thread(self) {
        if self != Flavor::CurrentThread {
            refuse("this program has one runtime only: --runtime current_thread");
        }
    }
}

/// Says why the command line is not understood, and ends the program.
pub fn refuse(sentence: &str) -> ! {
    eprintln!("{sentence}");
    std::process::exit(2)
}

/// The program's arguments in their order: words, and options with their values.
pub enum Argument {
    Word(String),
    Option(String, String),
}

pub fn arguments() -> Vec<Argument> {
    let mut rest = std::env::args().skip(1);
    let mut found = Vec::new();
    while let Some(text) = rest.next() {
        found.push(match text.strip_prefix("--") {
            None => Argument::Word(text),
            Some(name) => match rest.next() {
                Some(value) => Argument::Option(name.to_string(), value),
                None => refuse(&format!("{text} needs a value")),
            },
        });
    }
    found
}

/// The value of an option, as a number from `least` to `most`.
pub fn number(option: &str, text: &str, least: u64, most: u64) -> u64 {
    match text.parse() {
        Ok(value) if (least..=most).contains(&value) => value,
        _ => refuse(&format!("--{option} needs a whole number from {least} to {most}, not '{text}'")),
    }
}

pub fn flavor(text: &str) -> Flavor {
    match text.strip_prefix("multi_thread:") {
        Some(workers) => Flavor::MultiThread(number("runtime multi_thread:N", workers, 1, 1024) as usize),
        None if text == "current_thread" => Flavor::CurrentThread,
        None => refuse(&format!("--runtime needs current_thread or multi_thread:N, not '{text}'")),
    }
}

/// What an echo server is told.
pub struct EchoOptions {
    pub port: u16,
    pub flavor: Flavor,
}

impl EchoOptions {
    pub fn parse() -> Self {
        let mut options = EchoOptions { port: 0, flavor: Flavor::CurrentThread };
        for argument in arguments() {
            match argument {
                Argument::Option(name, value) if name == "port" => {
                    options.port = number(&name, &value, 0, 65535) as u16
                }
                Argument::Option(name, value) if name == "runtime" => options.flavor = flavor(&value),
                _ => refuse("usage: --port P [--runtime R]"),
            }
        }
        options
    }
}
