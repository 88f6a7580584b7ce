//! One student at one moment: what comes next, and what the model looks back on.

use super::trajectory::closed_window;
use crate::data::Answers;
use crate::error::Result;
use crate::model::{Inspection, Model};

/// Looks at the moment after these answers, which must fit one window and be at least one.
///
/// # Errors
/// The device fails.
pub async fn inspect(model: &mut Model, answers: &Answers) -> Result<Inspection> {
    model.inspect(closed_window(answers)).await
}
