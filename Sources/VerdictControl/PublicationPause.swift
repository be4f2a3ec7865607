internal import Glibc

/// How the publisher waits between two looks at a slot: a few times it only offers the processor
/// to others, because loops announce within microseconds; then it sleeps, longer and longer up to
/// a millisecond.
struct PublicationPause {
  private var round = 0

  mutating func wait() {
    defer { round += 1 }
    if round < 20 {
      _ = sched_yield()
      return
    }
    usleep(UInt32(min(1_000, 20 << min(round - 20, 10))))
  }
}
