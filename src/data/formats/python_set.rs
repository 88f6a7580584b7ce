//! The order in which CPython walks a set of whole numbers: pykt joins an Eedi question's subjects in that order, and the order
//! decides which skill gets which number. From CPython's Objects/setobject.c (3.7 to 3.12): open addressing, a few neighbours
//! looked at before the next jump, and a table that grows four times when three fifths are full.

const NEIGHBOURS: usize = 9;
const SHIFT: u32 = 5;

/// A set of whole numbers from 0.
pub(super) struct PythonSet {
    table: Vec<Option<u64>>,
    used: usize,
}

impl PythonSet {
    /// The set that `set(values)` makes.
    pub(super) fn of(values: impl IntoIterator<Item = u64>) -> Self {
        let mut set = Self { table: vec![None; 8], used: 0 };
        values.into_iter().for_each(|value| set.add(value));
        set
    }

    /// Its elements in the order of a walk.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.table.iter().flatten().copied()
    }

    pub(super) fn contains(&self, value: u64) -> bool {
        self.table.contains(&Some(value))
    }

    /// The set that `self & other` makes: the smaller is walked, `self` where both are alike.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let (walked, asked) = if other.used > self.used { (self, other) } else { (other, self) };
        Self::of(walked.iter().filter(|&value| asked.contains(value)))
    }

    fn add(&mut self, value: u64) {
        let place = self.place(value);
        if self.table[place].is_some() {
            return;
        }
        self.table[place] = Some(value);
        self.used += 1;
        if 5 * self.used >= 3 * (self.table.len() - 1) {
            let mut size = 8;
            while size <= 4 * self.used {
                size *= 2;
            }
            let old = std::mem::replace(&mut self.table, vec![None; size]);
            for value in old.into_iter().flatten() {
                let place = self.place(value);
                self.table[place] = Some(value);
            }
        }
    }

    /// Where the value is, or would go.
    fn place(&self, value: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut perturb = value;
        let mut at = value as usize & mask;
        loop {
            let last = if at + NEIGHBOURS <= mask { at + NEIGHBOURS } else { at };
            let fits = |place: &usize| self.table[*place].is_none_or(|there| there == value);
            if let Some(place) = (at..=last).find(fits) {
                return place;
            }
            perturb >>= SHIFT;
            at = (5 * at + 1).wrapping_add(perturb as usize) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks that CPython 3.11 printed.
    #[test]
    fn walks_are_cpythons() {
        let walk = |values: &[u64]| PythonSet::of(values.iter().copied()).iter().collect::<Vec<u64>>();
        assert_eq!(walk(&[3, 49, 41, 40]), [40, 49, 3, 41]);
        assert_eq!(walk(&[3, 71, 98, 209]), [209, 98, 3, 71]);
        assert_eq!(walk(&[100, 50, 9, 17, 33, 1]), [33, 1, 100, 9, 17, 50]);
    }
}
