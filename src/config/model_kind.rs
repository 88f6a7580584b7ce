//! The kinds of model there are, and what settings, records and views must know of each.

use serde::{Deserialize, Serialize};

/// A kind of model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum ModelKind {
    /// GainAKT2Exp (MODEL §2).
    #[default]
    GainAkt2Exp,
    /// The evidence model (MODEL §9).
    Evidence,
    /// Deep Knowledge Tracing, on burn's tensors.
    Dkt,
    /// Self-Attentive Knowledge Tracing, on burn's tensors.
    Sakt,
    /// Attentive Knowledge Tracing, on burn's tensors.
    Akt,
    /// simpleKT, on burn's tensors.
    SimpleKt,
}

/// What reads the answers in a model on kernels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderKind {
    /// Blocks of attention over two streams (MODEL §2).
    #[default]
    Attention,
    /// One LSTM (MODEL §10).
    Lstm,
}

impl EncoderKind {
    /// Whether it is that of files that do not say.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is to be known of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name in settings, records and folder names.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What its predictions and its mastery are, in a few words.
    pub sentence: &'static str,
    /// Its presets: for the simulated class, for a data file.
    pub presets: [&'static str; 2],
    /// Groups of settings that only it has, in the order of the record, with the key highlights the record names.
    pub groups: &'static [(&'static str, &'static str)],
    /// Whether an answer to several skills can be one row of it, instead of a row for each skill.
    pub reads_whole_answers: bool,
    /// Whether it can tell items (questions, problems) apart.
    pub knows_items: bool,
}

const GAINAKT2EXP: ModelInfo = ModelInfo {
    name: "gainakt2exp",
    title: "GainAKT2Exp",
    sentence: "mastery that never falls, beside a free prediction",
    presets: ["demo", "assist2015_small"],
    // The original's table, word for word.
    groups: &[
        ("interpretability", "core heads + constraint weights + warmup"),
        ("alignment", "enable, weight, warmup, adaptive, min_corr, share_cap/decay"),
        ("global_alignment", "enable pass, students, residual window"),
        ("refinement", "retention, lag predictive emergence, rebalance, variance floor"),
    ],
    reads_whole_answers: false,
    knows_items: false,
};

const EVIDENCE: ModelInfo = ModelInfo {
    name: "evidence",
    title: "Evidence model",
    sentence: "the prediction of an answer is the mastery of its skill",
    presets: ["evidence", "assist2015_evidence"],
    groups: &[("evidence", "context penalty, spread and learning rate of items")],
    reads_whole_answers: true,
    knows_items: true,
};

const DKT: ModelInfo = ModelInfo {
    name: "dkt",
    title: "DKT",
    sentence: "an LSTM over the answers (Piech et al. 2015); no mastery, a chance for every skill",
    presets: ["dkt", "dkt"],
    groups: &[],
    reads_whole_answers: false,
    knows_items: false,
};

const SAKT: ModelInfo = ModelInfo {
    name: "sakt",
    title: "SAKT",
    sentence: "the skill asked looks back at the answers (Pandey and Karypis 2019); no mastery, a chance for every skill",
    presets: ["sakt", "sakt"],
    groups: &[],
    reads_whole_answers: false,
    knows_items: false,
};

const AKT: ModelInfo = ModelInfo {
    name: "akt",
    title: "AKT",
    sentence: "attention that fades with distance (Ghosh et al. 2020); no mastery, a chance for every skill",
    presets: ["akt", "akt"],
    groups: &[],
    reads_whole_answers: false,
    knows_items: true,
};

const SIMPLEKT: ModelInfo = ModelInfo {
    name: "simplekt",
    title: "simpleKT",
    sentence: "plain attention from exercises to answers (Liu et al. 2023); no mastery, a chance for every skill",
    presets: ["simplekt", "simplekt"],
    groups: &[],
    reads_whole_answers: false,
    knows_items: true,
};

impl ModelKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::GainAkt2Exp, Self::Evidence, Self::Dkt, Self::Sakt, Self::Akt, Self::SimpleKt];

    /// Kinds of which the program carries a trained model of the simulated class, the one shown first in front.
    pub const EMBEDDED: [Self; 2] = [Self::Evidence, Self::GainAkt2Exp];

    /// What is to be known of it.
    pub fn about(self) -> &'static ModelInfo {
        match self {
            Self::GainAkt2Exp => &GAINAKT2EXP,
            Self::Evidence => &EVIDENCE,
            Self::Dkt => &DKT,
            Self::Sakt => &SAKT,
            Self::Akt => &AKT,
            Self::SimpleKt => &SIMPLEKT,
        }
    }

    /// Whether it runs on the program's own kernels, as opposed to burn's tensors.
    pub fn on_kernels(self) -> bool {
        matches!(self, Self::GainAkt2Exp | Self::Evidence)
    }

    /// Whether this build of the program can run it: models on burn's tensors are not in the page, nor in a slim build.
    pub fn available(self) -> bool {
        self.on_kernels() || cfg!(feature = "burn")
    }

    /// The kinds this build can run.
    pub fn all_available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| kind.available())
    }

    /// Whether it is the kind of files that do not say.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Its name in settings, records and folder names.
    pub fn name(self) -> &'static str {
        self.about().name
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        self.about().title
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// There is none; the names there are.
    pub fn from_name(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            format!("no model \"{name}\"; there are {}", known.join(", "))
        })
    }
}

impl From<ModelKind> for &'static str {
    fn from(kind: ModelKind) -> Self {
        kind.name()
    }
}

impl TryFrom<String> for ModelKind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::from_name(&name)
    }
}
