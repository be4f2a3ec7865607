/// The resources that a grant covers, as ordinals.
enum ScopeSet: Equatable {
  case all
  /// Ascending, each once.
  case some([UInt32], future: Bool)

  /// Unites: `all` absorbs everything, ordinals unite, the flags are or-ed (domain.md section 1).
  func union(_ other: ScopeSet) -> ScopeSet {
    guard case .some(let mine, let myFuture) = self,
      case .some(let theirs, let theirFuture) = other
    else { return .all }
    return .some(ScopeSet.merge(mine, theirs), future: myFuture || theirFuture)
  }

  /// An empty set without the flag grants nothing.
  var isEmpty: Bool { self == .some([], future: false) }

  /// An order of different scopes.
  func precedes(_ other: ScopeSet) -> Bool {
    guard case .some(let mine, let myFuture) = self else { return other != .all }
    guard case .some(let theirs, let theirFuture) = other else { return false }
    return mine == theirs
      ? !myFuture && theirFuture : mine.lexicographicallyPrecedes(theirs)
  }

  private static func merge(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    if a.isEmpty { return b }
    if b.isEmpty { return a }
    var merged: [UInt32] = []
    merged.reserveCapacity(a.count + b.count)
    var left = 0
    var right = 0
    while left < a.count || right < b.count {
      let takeLeft = right == b.count || (left < a.count && a[left] <= b[right])
      let value = takeLeft ? a[left] : b[right]
      if takeLeft { left += 1 } else { right += 1 }
      if merged.last != value { merged.append(value) }
    }
    return merged
  }

  /// The words of a scope in section `scopes`: a bitset, or the sorted ordinals where those take
  /// less than a quarter.
  static func words(_ ordinals: [UInt32]) -> [UInt32] {
    guard let highest = ordinals.last else { return [0, 0] }
    let wordCount = Int(highest >> 5) + 1
    if ordinals.count * 4 < wordCount { return [UInt32(ordinals.count), 0] + ordinals }
    var words = [UInt32](repeating: 0, count: wordCount + 2)
    words[0] = 0x8000_0000 | UInt32(wordCount)
    for ordinal in ordinals { words[Int(ordinal >> 5) + 2] |= 1 << (ordinal & 31) }
    return words
  }
}
