//! Lesson 01's first step as an exercise in Rust: the answer of a poll, and what its tests ask. (Rust has it in `std::task`.)
use std::fmt;

#[derive(Debug, PartialEq)]
pub enum Poll<T> {
    Ready(T),
    Pending,
}

impl<T> Poll<T> {
    pub fn is_ready(&self) -> bool {
        matches!(self, Poll::Ready(_))
    }

    pub fn is_pending(&self) -> bool {
        !self.is_ready()
    }

    pub fn value(&self) -> Option<&T> {
        match self {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    pub fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    pub fn into_value(self) -> Option<T> {
        match self {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Poll<T> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Poll::Ready(value) => write!(out, "Ready({value})"),
            Poll::Pending => write!(out, "Pending"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Poll::{self, Pending, Ready};

    fn boil(degrees: i32) -> Poll<i32> {
        if degrees < 100 {
            return Pending;
        }
        Ready(degrees)
    }

    #[test]
    fn pending_is_not_ready() {
        let answer = boil(20);
        assert!(answer.is_pending());
        assert!(!answer.is_ready());
    }

    #[test]
    fn ready_has_a_value() {
        let answer = boil(100);
        assert!(answer.is_ready());
        assert!(!answer.is_pending());
        assert_eq!(answer.value(), Some(&100));
    }

    #[test]
    fn a_value_that_is_zero_is_still_ready() {
        let answer = Ready(0);
        assert!(answer.is_ready());
        assert_eq!(answer.value(), Some(&0));
    }

    #[test]
    fn pending_has_no_value() {
        let answer: Poll<i32> = Pending;
        assert_eq!(answer.value(), None);
        assert!(answer.is_pending());
    }

    #[test]
    fn the_value_can_be_changed_where_it_lies() {
        let mut answer = Ready(1);
        *answer.value_mut().unwrap() = 2;
        assert_eq!(answer.value(), Some(&2));
    }

    #[test]
    fn ready_takes_what_can_become_a_value() {
        let answer: Poll<String> = Ready("tea".into());
        assert_eq!(answer.value().map(String::as_str), Some("tea"));
    }

    #[test]
    fn a_value_that_cannot_be_copied_is_moved_in_and_out() {
        let answer = Ready(Box::new(3));
        assert_eq!(answer.into_value(), Some(Box::new(3)));
    }

    #[test]
    fn an_empty_option_is_a_value_too() {
        let answer: Poll<Option<i32>> = Ready(None);
        assert!(answer.is_ready());
    }

    #[test]
    fn answers_can_be_compared() {
        assert_eq!(boil(20), Pending);
        assert_eq!(boil(100), Ready(100));
        assert_ne!(boil(100), Pending);
        assert_ne!(boil(20), Ready(20));
        assert_ne!(boil(100), Ready(101));
    }

    #[test]
    fn an_answer_can_be_printed() {
        assert_eq!(boil(100).to_string(), "Ready(100)");
        assert_eq!(boil(20).to_string(), "Pending");
    }
}
