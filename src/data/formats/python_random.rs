//! Python's `random`: the Mersenne Twister (Matsumoto and Nishimura 1998), seeded as `random.seed(n)` does, and `random.shuffle`.

const WORDS: usize = 624;
const MIDDLE: usize = 397;

pub(super) struct PythonRandom {
    state: [u32; WORDS],
    next: usize,
}

impl PythonRandom {
    /// `random.seed(seed)`.
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [0u32; WORDS];
        state[0] = 19_650_218;
        for i in 1..WORDS {
            let before = state[i - 1];
            state[i] = 1_812_433_253u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(i as u32);
        }
        // The generator's seeding by an array, here of one number.
        let mut at = 1;
        for _ in 0..WORDS {
            let before = state[at - 1];
            state[at] = (state[at] ^ (before ^ (before >> 30)).wrapping_mul(1_664_525)).wrapping_add(seed);
            at = Self::after(&mut state, at);
        }
        for _ in 0..WORDS - 1 {
            let before = state[at - 1];
            let mixed = state[at] ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941);
            state[at] = mixed.wrapping_sub(at as u32);
            at = Self::after(&mut state, at);
        }
        state[0] = 0x8000_0000;
        Self { state, next: WORDS }
    }

    fn after(state: &mut [u32; WORDS], at: usize) -> usize {
        if at + 1 == WORDS {
            state[0] = state[WORDS - 1];
            return 1;
        }
        at + 1
    }

    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            for i in 0..WORDS {
                let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % WORDS] & 0x7fff_ffff);
                let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + MIDDLE) % WORDS] ^ (joined >> 1) ^ odd;
            }
            self.next = 0;
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number below `end`, which is at most 2³².
    fn below(&mut self, end: usize) -> usize {
        let bits = usize::BITS - end.leading_zeros();
        loop {
            let drawn = (self.word() >> (32 - bits)) as usize;
            if drawn < end {
                return drawn;
            }
        }
    }

    /// `random.shuffle(values)`.
    pub(super) fn shuffle<T>(&mut self, values: &mut [T]) {
        for i in (1..values.len()).rev() {
            let other = self.below(i + 1);
            values.swap(i, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python 3.11 printed.
    #[test]
    fn shuffles_are_pythons() {
        let mut values: Vec<u32> = (0..10).collect();
        PythonRandom::new(2).shuffle(&mut values);
        assert_eq!(values, [5, 9, 3, 4, 6, 7, 2, 8, 1, 0]);
    }
}
