import VerdictTestKit

/// Changes an input of `http2` frame by frame, so that lengths stay right and what follows is read
/// as frames still.
struct FrameMutation {
  private struct Frame {
    var type: UInt8
    var flags: UInt8
    var stream: [UInt8]
    var payload: [UInt8]

    var bytes: [UInt8] {
      [UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255)]
        + [type, flags] + stream + payload
    }
  }

  private static let headByteCount = 9
  /// The two bytes that say how it is fed.
  private var options: [UInt8]
  private var frames: [Frame] = []
  private var rest: [UInt8]
  private var random: SeededRandom

  init(_ input: [UInt8], seed: UInt32) {
    random = SeededRandom(seed: UInt64(seed))
    options = Array(input.prefix(2)) + [UInt8](repeating: 1, count: max(0, 2 - input.count))
    rest = Array(input.dropFirst(2))
    // The preface is no frame; without it the options make one up.
    if rest.starts(with: SessionHarness.preface) {
      rest.removeFirst(SessionHarness.preface.count)
      options[0] |= 1
    }
    var offset = 0
    while rest.count - offset >= Self.headByteCount {
      let count = Int(rest[offset]) << 16 | Int(rest[offset + 1]) << 8 | Int(rest[offset + 2])
      let end = offset + Self.headByteCount + count
      guard end <= rest.count else { break }
      frames.append(
        Frame(
          type: rest[offset + 3], flags: rest[offset + 4],
          stream: Array(rest[offset + 5..<offset + 9]),
          payload: Array(rest[offset + Self.headByteCount..<end])))
      offset = end
    }
    rest.removeFirst(offset)
  }

  /// One to three changes, and the input put together again, of at most `countMax` bytes.
  ///
  /// - Parameter change: changes the bytes of a payload.
  mutating func mutated(countMax: Int, change: ([UInt8]) -> [UInt8]) -> [UInt8] {
    for _ in 0...random.below(3) { mutate(change) }
    return Array((options + frames.flatMap(\.bytes) + rest).prefix(countMax))
  }

  private mutating func mutate(_ change: ([UInt8]) -> [UInt8]) {
    guard !frames.isEmpty else {
      frames.append(Frame(type: 6, flags: 0, stream: [0, 0, 0, 0], payload: change([0])))
      return
    }
    let index = random.below(frames.count)
    let other = random.below(frames.count)
    switch random.below(10) {
    case 0: frames.swapAt(index, other)
    case 1: frames.insert(frames[index], at: other)
    case 2: frames.remove(at: index)
    case 3: frames[index].type = UInt8(random.below(11))
    case 4: frames[index].flags ^= 1 << UInt8(random.below(6))
    case 5: frames[index].stream[3] = UInt8(random.below(16))
    case 6: frames[index].stream = frames[other].stream
    case 7: options[random.below(2)] = UInt8(random.below(256))
    default: frames[index].payload = change(frames[index].payload)
    }
  }
}
