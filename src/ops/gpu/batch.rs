//! A ragged batch on the device: one array of integers and one of floats.

use crate::ops::PreparedBatch;

/// Entries of the header; `shaders/include/batch.wgsl` names them.
const HEADER: usize = 20;

/// Header entries that are not where a section begins.
const GROUP_COUNT: usize = 17;
const SLOT_COUNT: usize = 19;

/// Header and sections.
pub(super) fn integers(plan: &PreparedBatch) -> Vec<u32> {
    let batch = &plan.batch;
    let (n, w) = (plan.rows(), plan.windows());
    let mut words = vec![0; HEADER];
    words.reserve(12 * n + 64);
    (words[0], words[1]) = (n as u32, w as u32);
    let mut section = |entry: usize, values: &mut dyn Iterator<Item = u32>| {
        words[entry] = words.len() as u32;
        words.extend(values);
    };
    let edges = |edge: usize| {
        let each = batch.offsets.windows(2).map(move |o| (o[edge], (o[1] - o[0]) as usize));
        each.flat_map(|(row, count)| std::iter::repeat_n(row, count))
    };
    section(2, &mut edges(0));
    section(3, &mut edges(1));
    section(4, &mut batch.offsets.iter().copied());
    section(5, &mut plan.token.iter().copied());
    section(6, &mut batch.position.iter().copied());
    section(7, &mut batch.skill.iter().copied());
    section(8, &mut batch.next_skill.iter().copied());
    let answers = batch.response.iter().zip(&batch.next_response);
    section(9, &mut answers.map(|(&now, &next)| u32::from(now) + 2 * u32::from(next)));
    for (i, occurrences) in plan.occurrences.iter().flatten().enumerate() {
        section(10 + 2 * i, &mut occurrences.starts.iter().copied());
        section(11 + 2 * i, &mut occurrences.rows.iter().copied());
    }
    let groups = &plan.targets.groups;
    let mut target = 2 * groups.len();
    let mut about = Vec::with_capacity(4 * groups.len());
    for group in groups {
        about.extend([group.kind.class() as u32, group.first as u32, group.target.len() as u32, target as u32]);
        target += group.target.len();
    }
    section(16, &mut about.into_iter());
    let (rows, slots) = plan.group_rows();
    section(18, &mut rows.into_iter());
    (words[GROUP_COUNT], words[SLOT_COUNT]) = (groups.len() as u32, slots as u32);
    words
}

/// (deviation, weight) of each correlation group, then all targets.
pub(super) fn floats(plan: &PreparedBatch) -> Vec<f32> {
    let groups = &plan.targets.groups;
    let about = groups.iter().flat_map(|g| [g.deviation, g.weight]);
    about.chain(groups.iter().flat_map(|g| g.target.iter().copied())).collect()
}
