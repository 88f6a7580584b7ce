//! A ragged batch on the device: one array of integers.

use super::args::shader_enum;
use crate::ops::PreparedBatch;

shader_enum! {
    /// Entries of the header: two counts, then where each section begins.
    pub(crate) Entry, "" {
        /// Rows, N.
        Rows = "rows",
        /// Windows, W.
        Windows = "windows",
        /// First row of each row's window, N.
        First = "first",
        /// Row after the last of each row's window, N.
        End = "end",
        /// First row of each window, then N: W + 1.
        Offsets = "offsets",
        /// q + C·r, N.
        Token = "token",
        /// t, N.
        Position = "position",
        /// q, N.
        Skill = "skill",
        /// q_next, N.
        Next = "next",
        /// r + 2·r_next, N.
        Answer = "answer",
        /// First row of another batch that comes before the row, N; there where rows follow those of another batch.
        HistoryFrom = "history_from",
        /// Row after the last of them, N.
        HistoryTo = "history_to",
        /// Where each token's rows begin in the next section.
        TokenStarts = "token_starts",
        /// Rows by token.
        TokenRows = "token_rows",
        /// Where each position's rows begin in the next section.
        PositionStarts = "position_starts",
        /// Rows by position.
        PositionRows = "position_rows",
        /// Where each next skill's rows begin in the next section.
        NextStarts = "next_starts",
        /// Rows by next skill.
        NextRows = "next_rows",
        /// Skills of all answers, where answers may have several; the next four say which are whose.
        SkillList = "skill_list",
        /// Where each row's own skills begin in the list, N.
        OwnFrom = "own_from",
        /// Where they end, N.
        OwnTo = "own_to",
        /// Where the skills asked next begin in the list, N.
        NextFrom = "next_from",
        /// Where they end, N.
        NextTo = "next_to",
        /// Item of the answer, 0 unknown, N; there where the batch has items.
        Item = "item",
        /// Item asked next, N.
        NextItem = "next_item",
        /// Where each item's rows begin in the next section.
        ItemStarts = "item_starts",
        /// Rows by item.
        ItemRows = "item_rows",
        /// Where each next item's rows begin in the next section.
        NextItemStarts = "next_item_starts",
        /// Rows by next item.
        NextItemRows = "next_item_rows",
    }
}

/// Header and sections of `prepared`.
pub(crate) fn integers(prepared: &PreparedBatch) -> Vec<u32> {
    let batch = &prepared.batch;
    let (n, w) = (prepared.rows(), prepared.windows());
    let mut words = vec![0; Entry::COUNT];
    words.reserve(12 * n + 64);
    (words[Entry::Rows as usize], words[Entry::Windows as usize]) = (n as u32, w as u32);
    let mut section = |entry: Entry, values: &mut dyn Iterator<Item = u32>| {
        words[entry as usize] = words.len() as u32;
        words.extend(values);
    };
    let edges = |edge: usize| {
        let each = batch.offsets.windows(2).map(move |o| (o[edge], (o[1] - o[0]) as usize));
        each.flat_map(|(row, count)| std::iter::repeat_n(row, count))
    };
    section(Entry::First, &mut edges(0));
    section(Entry::End, &mut edges(1));
    section(Entry::Offsets, &mut batch.offsets.iter().copied());
    section(Entry::Token, &mut prepared.token.iter().copied());
    section(Entry::Position, &mut batch.position.iter().copied());
    section(Entry::Skill, &mut batch.skill.iter().copied());
    section(Entry::Next, &mut batch.next_skill.iter().copied());
    let answers = batch.response.iter().zip(&batch.next_response);
    section(Entry::Answer, &mut answers.map(|(&now, &next)| u32::from(now) + 2 * u32::from(next)));
    if let Some(lists) = &batch.lists {
        section(Entry::SkillList, &mut lists.skills.iter().copied());
        section(Entry::OwnFrom, &mut lists.own.iter().map(|range| range[0]));
        section(Entry::OwnTo, &mut lists.own.iter().map(|range| range[1]));
        section(Entry::NextFrom, &mut lists.next.iter().map(|range| range[0]));
        section(Entry::NextTo, &mut lists.next.iter().map(|range| range[1]));
    }
    if let Some(items) = &batch.items {
        section(Entry::Item, &mut items.own.iter().copied());
        section(Entry::NextItem, &mut items.next.iter().copied());
    }
    if let Some(history) = &prepared.history {
        section(Entry::HistoryFrom, &mut history.iter().map(|rows| rows[0]));
        section(Entry::HistoryTo, &mut history.iter().map(|rows| rows[1]));
    }
    let lists = [
        (Entry::TokenStarts, Entry::TokenRows),
        (Entry::PositionStarts, Entry::PositionRows),
        (Entry::NextStarts, Entry::NextRows),
        (Entry::ItemStarts, Entry::ItemRows),
        (Entry::NextItemStarts, Entry::NextItemRows),
    ];
    let occurrences = prepared.occurrences.iter().flatten().chain(prepared.item_occurrences.iter().flatten());
    for ((starts, rows), occurrences) in lists.into_iter().zip(occurrences) {
        section(starts, &mut occurrences.starts.iter().copied());
        section(rows, &mut occurrences.rows.iter().copied());
    }
    words
}
