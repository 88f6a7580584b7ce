//! What an answer's response says: numbers, and the words that data sets use.

/// Words for a correct answer, in lower case.
const CORRECT: &[&str] = &["correct", "right", "true", "yes", "r", "t"];
/// Words for an incorrect one. Who asked for a hint did not answer the first time (DataShop).
const INCORRECT: &[&str] = &["incorrect", "wrong", "false", "no", "hint", "w", "f"];

/// The words for people who are told which are understood.
pub(super) const WORDS: &str = "correct/incorrect, right/wrong, true/false or R/W";

/// What a response says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Response {
    /// 0 or 1.
    Whole(u8),
    /// Partial credit, between 0 and 1.
    Partial,
}

impl Response {
    /// Reads a response; `None` of anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.parse::<f64>() {
            Ok(0.0) => Some(Self::Whole(0)),
            Ok(1.0) => Some(Self::Whole(1)),
            Ok(r) if r > 0.0 && r < 1.0 => Some(Self::Partial),
            Ok(_) => None,
            Err(_) => {
                let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
                match (is(CORRECT), is(INCORRECT)) {
                    (true, _) => Some(Self::Whole(1)),
                    (_, true) => Some(Self::Whole(0)),
                    _ => None,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_understood_and_nothing_is_guessed() {
        for (text, response) in [
            ("1", Some(Response::Whole(1))),
            (" 0.0 ", Some(Response::Whole(0))),
            ("0.5", Some(Response::Partial)),
            ("CORRECT", Some(Response::Whole(1))),
            ("Incorrect", Some(Response::Whole(0))),
            ("True", Some(Response::Whole(1))),
            ("W", Some(Response::Whole(0))),
            ("HINT", Some(Response::Whole(0))),
            ("2", None),
            ("-1", None),
            ("c", None),
            ("perhaps", None),
            ("inf", None),
        ] {
            assert_eq!(Response::parse(text), response, "{text}");
        }
    }
}
