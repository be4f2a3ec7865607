internal import VerdictEngine
public import VerdictModel
internal import VerdictSystem

/// Holds back a set that would answer too many of a recorded sample of checks otherwise.
///
/// By default there is no bound on denies, so that an urgent revocation is never held back.
public struct SetGuard: Sendable {
  /// A file with one check a line, as `verdict check --batch` reads them. It is read anew for each
  /// set.
  public var samplePath: String
  /// How many checks of the sample may be allowed that weren't before; nil: all.
  public var newAllowCountMax: Int?
  /// How many may no longer be allowed; nil: all.
  public var newDenyCountMax: Int?

  public init(samplePath: String, newAllowCountMax: Int?, newDenyCountMax: Int?) {
    self.samplePath = samplePath
    self.newAllowCountMax = newAllowCountMax
    self.newDenyCountMax = newDenyCountMax
  }

  /// Longest sample file in bytes.
  private static let sampleByteCountMax = 256 << 20

  /// Compares two sets. Linear in the sample.
  /// - Throws: `guard`, with the first check that changes; also where the sample can't be read.
  func check(from old: LoadedSet, to new: LoadedSet) throws(ControlError) {
    let before = SetAnswers(old)
    let after = SetAnswers(new)
    var allows = Tally()
    var denies = Tally()
    for check in try sample() {
      let was = before.reason(check).effect == .allow
      let becomes = after.reason(check).effect == .allow
      if becomes && !was { allows.add(check) }
      if was && !becomes { denies.add(check) }
    }
    try refuse(allows, newAllowCountMax, "newly allows", "--max-new-allows", new)
    try refuse(denies, newDenyCountMax, "no longer allows", "--max-new-denies", new)
  }

  private struct Tally {
    var count = 0
    var first: Check?

    mutating func add(_ check: Check) {
      count += 1
      first = first ?? check
    }
  }

  private func refuse(
    _ tally: Tally, _ max: Int?, _ verb: String, _ flag: String, _ set: LoadedSet
  ) throws(ControlError) {
    guard let max, tally.count > max, let first = tally.first else { return }
    throw ControlError(
      .guard, samplePath,
      "set \(set.setNumber) \(verb) \(tally.count) recorded checks, \(flag) is \(max); first"
        + " \(SetAnswers.text(first)); if that is meant, `verdict publish --override-guard REASON`")
  }

  /// The recorded checks.
  public func sample() throws(ControlError) -> [Check] {
    let bytes: [UInt8]
    do {
      bytes = try File.read(samplePath, byteCountMax: Self.sampleByteCountMax)
    } catch {
      throw ControlError(
        .guard, samplePath, "the sample can't be read: \(SystemError.text(of: error.number))")
    }
    var checks: [Check] = []
    var lineNumber = 0
    for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
      lineNumber += 1
      if line.isEmpty { continue }
      let parsed = Array(line).withByteView { view in
        Result { () throws(CheckLineError) in try CheckLine(parsing: view).check() }
      }
      do throws(CheckLineError) {
        checks.append(try parsed.get())
      } catch {
        throw ControlError(.guard, samplePath, "line \(lineNumber) is no check: \(error)")
      }
    }
    return checks
  }
}
