/// Words in the order in which they came. Allocates only to grow.
struct WordQueue {
  private var words: [UInt64] = []
  private var first = 0

  init() {}

  var isEmpty: Bool { first == words.count }
  var count: Int { words.count - first }

  mutating func add(_ word: UInt64) { words.append(word) }

  /// The word that has waited longest, nil where none does.
  mutating func take() -> UInt64? {
    guard first < words.count else { return nil }
    defer {
      first += 1
      if first == words.count {
        words.removeAll(keepingCapacity: true)
        first = 0
      } else if first >= 1_024 && first * 2 >= words.count {
        // What was taken is dropped now and then, so that a queue that is never empty stays small.
        words.removeFirst(first)
        first = 0
      }
    }
    return words[first]
  }
}
