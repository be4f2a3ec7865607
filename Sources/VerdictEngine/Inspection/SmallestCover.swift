/// The smallest set of sources that provides everything that is needed.
enum SmallestCover {
  /// Sets that are tried before the search settles for what it has: a set of which nothing can be
  /// left out, and that may have one source more than the smallest.
  private static let stepCountMax = 20_000

  /// - Parameter needs: for each need the numbers of the sources that provide it.
  /// - Returns: numbers of sources, ascending; nil where a need has no source.
  static func of(_ needs: [[Int]]) -> [Int]? {
    guard needs.allSatisfy({ !$0.isEmpty }) else { return nil }
    // Those with the fewest sources first: they leave the least to try.
    let ordered = needs.sorted { $0.count < $1.count }
    var search = Search(needs: ordered.map { Set($0) }, best: irreducible(ordered))
    search.extend([], from: 0)
    return search.best.sorted()
  }

  /// Sources that each provide most of what is left, without those that turn out to be superfluous.
  private static func irreducible(_ needs: [[Int]]) -> [Int] {
    var chosen: [Int] = []
    var open = needs
    while !open.isEmpty {
      var counts: [Int: Int] = [:]
      for need in open { for source in need { counts[source, default: 0] += 1 } }
      let best = counts.min { a, b in
        a.value != b.value ? a.value > b.value : a.key < b.key
      }
      guard let best else { break }
      chosen.append(best.key)
      open.removeAll { $0.contains(best.key) }
    }
    for source in chosen {
      let rest = chosen.filter { $0 != source }
      if needs.allSatisfy({ !Set($0).isDisjoint(with: rest) }) { chosen = rest }
    }
    return chosen
  }

  private struct Search {
    let needs: [Set<Int>]
    var best: [Int]
    var steps = 0

    init(needs: [Set<Int>], best: [Int]) {
      self.needs = needs
      self.best = best
    }

    mutating func extend(_ chosen: [Int], from index: Int) {
      steps += 1
      guard steps < SmallestCover.stepCountMax, chosen.count < best.count else { return }
      var next = index
      while next < needs.count, !needs[next].isDisjoint(with: chosen) { next += 1 }
      guard next < needs.count else {
        best = chosen
        return
      }
      guard chosen.count + 1 < best.count else { return }
      for source in needs[next].sorted() { extend(chosen + [source], from: next + 1) }
    }
  }
}
