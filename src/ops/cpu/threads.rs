//! Work of many short operations on the threads of rayon's pool.

use std::sync::atomic::{AtomicBool, Ordering};

/// Runs `work` on one of the pool's threads, so that its operations need not each be handed over and waited for, while the
/// others look for work without falling asleep: waking a thread takes about as long as a short operation.
pub(crate) fn with_threads_awake<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let over = &AtomicBool::new(false);
    rayon::scope(|scope| {
        let own = rayon::current_thread_index();
        scope.spawn_broadcast(move |_, thread| {
            while Some(thread.index()) != own && !over.load(Ordering::Acquire) {
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::hint::spin_loop();
                }
            }
        });
        // Told to the others even where the work panics, which would wait for them for ever.
        let _end = End(over);
        work()
    })
}

/// Tells that the work is over when it is dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_comes_back_and_a_panic_ends_the_waiting() {
        assert_eq!(with_threads_awake(|| rayon::join(|| 1, || 2)), (1, 2));
        let panicked = std::panic::catch_unwind(|| with_threads_awake(|| panic!("on purpose")));
        assert!(panicked.is_err());
    }
}
