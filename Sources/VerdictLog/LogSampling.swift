internal import VerdictModel

/// Which allowed requests have a record: a share, chosen by their decision ids, so that whoever
/// knows an id can tell whether it was chosen, and no loop asks another.
public struct LogSampling: Sendable, Equatable {
  /// From 0 to 1.
  public let share: Double
  private let isEvery: Bool
  private let bound: UInt64

  /// - Precondition: the share is from 0 to 1.
  public init(share: Double) {
    precondition(share >= 0 && share <= 1, "a share is from 0 to 1")
    self.share = share
    isEvery = share == 1
    // Below 2 to the 64th, since the share is below 1 by at least 2 to the -53.
    bound = isEvery ? .max : UInt64(share * 0x1p64)
  }

  /// - Precondition: a decision id has sixteen bytes.
  @inline(__always)
  func takes(_ id: ByteView) -> Bool {
    // Ids count up in their second half; the multiplications spread that over all bits.
    var mixed = id.load64(at: 0) ^ id.load64(at: 8) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93
    mixed = (mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93
    return isEvery || (mixed ^ mixed >> 32) < bound
  }
}
