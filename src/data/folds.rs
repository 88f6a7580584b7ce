//! pykt's split, student for student: numpy's legacy shuffle, test set and folds (`docs/DATA.md`).

/// pykt's seed, used afresh for each of its two shuffles.
pub const SPLIT_SEED: u32 = 1024;
const TEST_SHARE: f64 = 0.2;
const FOLDS: usize = 5;

/// Where a student went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fold {
    /// Held out for the final figures; pykt writes −1.
    Test,
    /// One of the five folds of training and validation.
    Train(u8),
}

impl Fold {
    /// pykt's number for it.
    pub fn number(self) -> i8 {
        match self {
            Self::Test => -1,
            Self::Train(k) => k as i8,
        }
    }
}

/// The split of a data set's students, in the order pykt writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldAssignment {
    /// Student index and fold of each row of `train_valid.csv`.
    pub train_valid: Vec<(usize, Fold)>,
    /// Student index of each row of `test.csv`.
    pub test: Vec<usize>,
}

impl FoldAssignment {
    /// Splits `students` students.
    pub fn new(students: usize) -> Self {
        let shuffled = permutation(SPLIT_SEED, students);
        let test_size = (students as f64 * TEST_SHARE) as usize;
        let (rest, test) = shuffled.split_at(students - test_size);
        let again: Vec<usize> = permutation(SPLIT_SEED, rest.len()).into_iter().map(|k| rest[k]).collect();
        let base = (again.len() as f64 * (1.0 / FOLDS as f64)) as usize;
        let extra = again.len() % FOLDS;
        let mut train_valid = Vec::with_capacity(again.len());
        let mut students = again.into_iter();
        for fold in 0..FOLDS {
            let size = base + usize::from(fold < extra);
            train_valid.extend(students.by_ref().take(size).map(|s| (s, Fold::Train(fold as u8))));
        }
        Self { train_valid, test: test.to_vec() }
    }

    /// Fold and row in pykt's file, by student index.
    pub fn by_student(&self) -> Vec<(Fold, usize)> {
        let mut out = vec![(Fold::Test, 0); self.train_valid.len() + self.test.len()];
        for (row, &(student, fold)) in self.train_valid.iter().enumerate() {
            out[student] = (fold, row);
        }
        for (row, &student) in self.test.iter().enumerate() {
            out[student] = (Fold::Test, row);
        }
        out
    }
}

/// `numpy.random.RandomState(seed).permutation(n)` of numpy's legacy generator.
pub fn permutation(seed: u32, n: usize) -> Vec<usize> {
    let mut rng = rand_mt::Mt::new(seed);
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        let mask = (i as u32 + 1).next_power_of_two() - 1;
        let j = loop {
            let v = rng.next_u32() & mask;
            if v <= i as u32 {
                break v as usize;
            }
        };
        order.swap(i, j);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numpy_known_answers() {
        assert_eq!(permutation(1024, 5), [2, 0, 4, 1, 3]);
        assert_eq!(permutation(1024, 10), [2, 3, 7, 0, 6, 8, 5, 4, 9, 1]);
        assert_eq!(permutation(1024, 20), [10, 8, 4, 6, 16, 14, 11, 15, 7, 19, 2, 3, 13, 0, 18, 9, 5, 12, 1, 17]);
        let long = permutation(1024, 19093);
        assert_eq!(&long[..5], [4944, 11460, 12548, 10587, 4673]);
        assert_eq!(&long[19088..], [19045, 2540, 14945, 9105, 6075]);
    }

    #[test]
    fn every_student_has_one_place() {
        for n in [3, 5, 7, 100, 484] {
            let split = FoldAssignment::new(n);
            let mut all: Vec<usize> = split.train_valid.iter().map(|x| x.0).chain(split.test.iter().copied()).collect();
            all.sort_unstable();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
        }
    }
}
