internal import VerdictModel

/// Whose snapshot it is, as the snapshot itself says.
struct SnapshotIdentity: Equatable {
  let organization: [UInt8]
  let model: [UInt8]

  init(validating bytes: ByteView, place: String) throws(ControlError) {
    let parts = bytes.array.split(separator: 10, omittingEmptySubsequences: false)
    guard parts.count >= 3, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw ControlError(.snapshot, place, "not a snapshot")
    }
    organization = Array(parts[0])
    model = Array(parts[1])
  }
}
