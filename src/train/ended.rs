//! Why a run ended; results.json and the log have it as a short text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Ended {
    /// Every epoch was trained.
    #[default]
    AllEpochs,
    /// The validation AUC did not rise for so many epochs (`training.patience`).
    NoBetterAuc(usize),
    /// A command stopped it; it can be continued.
    Stopped,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllEpochs => f.write_str("all epochs done"),
            Self::NoBetterAuc(epochs) => write!(f, "no better validation AUC for {epochs} epochs"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl From<Ended> for String {
    fn from(ended: Ended) -> Self {
        ended.to_string()
    }
}

impl TryFrom<String> for Ended {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let epochs = || text.strip_prefix("no better validation AUC for ")?.strip_suffix(" epochs")?.parse().ok();
        match text.as_str() {
            // Results that were never written say nothing.
            "all epochs done" | "" => Ok(Self::AllEpochs),
            "stopped" => Ok(Self::Stopped),
            _ => epochs().map(Self::NoBetterAuc).ok_or_else(|| {
                format!("{} is no way for a run to end; expected \"all epochs done\", \"stopped\" or \"no better validation AUC for N epochs\"", crate::error::quote(&text))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_writes() {
        for ended in [Ended::AllEpochs, Ended::NoBetterAuc(5), Ended::Stopped] {
            let text = serde_json::to_string(&ended).unwrap();
            assert_eq!(text, format!("\"{ended}\""));
            assert_eq!(serde_json::from_str::<Ended>(&text).unwrap(), ended);
        }
        assert!(serde_json::from_str::<Ended>("\"tired\"").unwrap_err().to_string().contains("tired"));
    }
}
