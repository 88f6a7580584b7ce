//! One student at one moment: what comes next, and what the model looks back on.

use super::trajectory::closed_window;
use crate::data::Answers;
use crate::error::Result;
use crate::model::{Inspection, Model, Question, WhatIf};

/// Looks at the moment after these answers, which must fit one window and be at least one.
///
/// # Errors
/// The device fails.
pub async fn inspect(model: &mut Model, answers: &Answers) -> Result<Inspection> {
    model.inspect(closed_window(answers)).await
}

/// The same with how sure the model is of every skill's chance: two more rows a skill.
///
/// # Errors
/// The device fails.
pub async fn inspect_with_deviations(model: &mut Model, answers: &Answers) -> Result<Inspection> {
    let moment = inspect(model, answers).await?;
    let row = answers.len() - 1;
    let every = (0..model.config().num_c as u32).map(|skill| Question { row, skill, item: 0 });
    let changes = model.what_if(&every.collect::<Vec<_>>()).await?;
    Ok(Inspection { deviation: changes.iter().map(WhatIf::deviation).collect(), ..moment })
}
