/// Advice about a word that is not one of those expected.
public enum Spelling {
  /// "did you mean `x`?" where one is near, otherwise what is known.
  public static func advice(_ word: String, among known: [String], noun: String = "known") -> String
  {
    // What was shortened is nearer than it looks.
    if word.utf8.count >= 4, let longer = known.first(where: { $0.hasSuffix(word) }) {
      return "did you mean `\(longer)`?"
    }
    let scored = known.map { (word: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }
    let nearest = scored.min { $0.distance < $1.distance }
    if let nearest, nearest.distance <= max(1, nearest.word.utf8.count / 3) {
      return "did you mean `\(nearest.word)`?"
    }
    if known.isEmpty { return "none is \(noun)" }
    return "\(noun): \(list(known))"
  }

  /// `a`, `b` and `c`; long lists are cut.
  static func list(_ words: [String]) -> String {
    let shown = words.prefix(24).map { "`\($0)`" }.joined(separator: ", ")
    return words.count > 24 ? shown + " and \(words.count - 24) more" : shown
  }

  /// `a`, or one of several.
  static func choice(_ words: [String]) -> String {
    words.count == 1 ? "`\(words[0])`" : "one of \(list(words))"
  }

  /// Edit distance with swaps of neighbours counted as one. Long words are never near.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard a.count <= 64, b.count <= 64 else { return Int.max }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(last[j] + (a[i] == b[j] ? 0 : 1), min(last[j + 1], row[j]) + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row.append(best)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
